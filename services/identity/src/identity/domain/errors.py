"""Every way identity can say no, each with a stable reason that clients may rely on."""

from typing import ClassVar


class IdentityError(Exception):
    """A refusal by the domain's rules; `details` travel to the caller with the reason."""

    reason: ClassVar[str] = "IDENTITY_ERROR"

    def __init__(self, message: str, **details: str) -> None:
        super().__init__(message)
        self.details = details


class InvalidField(IdentityError):
    """One field of the request breaks its rule; `field` is the contract's name of it."""

    reason = "INVALID_FIELD"

    def __init__(self, message: str, *, field: str, **details: str) -> None:
        super().__init__(message, field=field, **details)
        self.field = field


class InvalidEmail(InvalidField):
    """The text is no email address that mail could be sent to."""

    reason = "INVALID_EMAIL"


class WeakPassword(InvalidField):
    """The password breaks the rule named in `details["rule"]`."""

    reason = "WEAK_PASSWORD"


class InvalidToken(InvalidField):
    """A mailed token that is unknown, used, expired or meant for something else."""

    reason = "INVALID_TOKEN"

    def __init__(self) -> None:
        super().__init__("This link is not valid, was used before or has expired.", field="token")


class EmailTaken(IdentityError):
    """Another account has this address, whatever its upper and lower case."""

    reason = "EMAIL_TAKEN"

    def __init__(self) -> None:
        super().__init__("An account with this email address exists already.")


class InvalidCredentials(IdentityError):
    """Unknown address and wrong password alike, so that nobody learns who has an account."""

    reason = "INVALID_CREDENTIALS"

    def __init__(self) -> None:
        super().__init__("The email address or the password is wrong.")


class UserDisabled(IdentityError):
    """The account was disabled by an administrator; told only to someone who proved to own it."""

    reason = "USER_DISABLED"

    def __init__(self) -> None:
        super().__init__("This account is disabled.")


class TooManyAttempts(IdentityError):
    """The rate limit is used up; the same request may succeed after `retry_after_s`."""

    reason = "TOO_MANY_ATTEMPTS"

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__("Too many attempts. Try again later.", retry_after_s=str(retry_after_s))
        self.retry_after_s = retry_after_s


class TooBusy(IdentityError):
    """More passwords wait to be hashed than anyone would wait for."""

    reason = "TOO_BUSY"
    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("Too many people are logging in right now. Try again in a moment.")


class ThrottleUnavailable(IdentityError):
    """The store of the rate limits can't answer; nothing is let through unlimited."""

    reason = "THROTTLE_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("Logging in is not possible right now. Try again soon.")


class InvalidRefreshToken(IdentityError):
    """A refresh token that was never issued or has expired."""

    reason = "INVALID_REFRESH_TOKEN"

    def __init__(self) -> None:
        super().__init__("The session is unknown or has expired. Log in again.")


class RefreshTokenReused(IdentityError):
    """A refresh token came a second time, so one of two holders is not the user."""

    reason = "REFRESH_TOKEN_REUSED"

    def __init__(self) -> None:
        super().__init__("The refresh token was used before. The session has ended; log in again.")


class SessionEnded(IdentityError):
    """The session was ended by log-out, password reset, the reuse of a token or an administrator."""

    reason = "SESSION_ENDED"

    def __init__(self) -> None:
        super().__init__("The session has ended. Log in again.")


class UserNotFound(IdentityError):
    """No user has this id."""

    reason = "USER_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such user.")
