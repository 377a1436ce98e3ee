"""Every way identity can say no, each with a stable reason that clients may rely on."""

from datetime import datetime
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


class WrongPassword(InvalidField):
    """Somebody who is signed in does not know the password."""

    reason = "WRONG_PASSWORD"

    def __init__(self) -> None:
        super().__init__("The password is wrong.", field="password")


class WrongCode(InvalidField):
    """No code of the app or of the paper, or one that was used before."""

    reason = "WRONG_CODE"

    def __init__(self) -> None:
        super().__init__("The code is wrong, or was used before.", field="code")


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


class SecondFactorRequired(IdentityError):
    """The password was right, and a code is needed as well; `challenge` ends the sign-in with one.

    Whoever has a passkey may use that in the code's place.
    """

    reason = "SECOND_FACTOR_REQUIRED"

    def __init__(self, challenge: str, *, has_passkeys: bool) -> None:
        super().__init__(
            "A code of your authenticator app is needed.",
            challenge=challenge,
            has_passkeys="true" if has_passkeys else "false",
        )


class ChallengeEnded(IdentityError):
    """A sign-in that waits for a code no longer: it took too long, or too many codes were wrong."""

    reason = "CHALLENGE_ENDED"

    def __init__(self) -> None:
        super().__init__("This sign-in took too long, or too many codes were wrong. Begin again.")


class SecondFactorOn(IdentityError):
    """The account has a second factor already."""

    reason = "SECOND_FACTOR_ON"

    def __init__(self) -> None:
        super().__init__("Your account asks for a second factor already. Turn it off first.")


class SecondFactorsOff(IdentityError):
    """The operator has set no key that secrets could be sealed with."""

    reason = "SECOND_FACTORS_OFF"

    def __init__(self) -> None:
        super().__init__("Second factors are not set up here.")


class StepUpRequired(IdentityError):
    """What is to be done takes a proof from the last minutes of who does it."""

    reason = "STEP_UP_REQUIRED"

    def __init__(self) -> None:
        super().__init__("Prove once more that it is you: with your password or a code, or sign in again.")


class UserDisabled(IdentityError):
    """The account was disabled by an administrator; told only to someone who proved to own it."""

    reason = "USER_DISABLED"

    def __init__(self) -> None:
        super().__init__("This account is disabled.")


class UserLeaving(IdentityError):
    """The account is about to be erased: what would be lost with it is not begun any more."""

    reason = "ACCOUNT_LEAVING"

    def __init__(self, erased_from: datetime) -> None:
        super().__init__(
            f"This account is deleted on {erased_from:%d %B %Y}. Take that back first.",
            erased_from=erased_from.isoformat(),
        )


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
    """The session was ended by its person, a password reset, the reuse of a token or an administrator."""

    reason = "SESSION_ENDED"

    def __init__(self) -> None:
        super().__init__("The session has ended. Log in again.")


class SessionNotFound(IdentityError):
    """The account has no such session."""

    reason = "SESSION_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such session.")


class AvatarNotFound(IdentityError):
    """No picture of this account is kept."""

    reason = "AVATAR_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no picture.")


class ApiKeyNotFound(IdentityError):
    """The account has no such API key."""

    reason = "API_KEY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such API key.")


class TooManyApiKeys(IdentityError):
    """The account has as many API keys as one may have."""

    reason = "API_KEY_QUOTA_REACHED"

    def __init__(self, standing_max: int) -> None:
        super().__init__(
            f"You have {standing_max} API keys already. Revoke one first.", limit=str(standing_max)
        )


class IdempotencyKeyReused(IdentityError):
    """An idempotency key came before, with another content."""

    reason = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("This idempotency key came before with another content.")


class UserNotFound(IdentityError):
    """No user has this id."""

    reason = "USER_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such user.")


class LastAdministrator(IdentityError):
    """Nobody would be left who can give somebody a role."""

    reason = "LAST_ADMINISTRATOR"

    def __init__(self) -> None:
        super().__init__("This is the last administrator. Make somebody else one first.")


class OwnAccount(IdentityError):
    """Administrators can't lock themselves out."""

    reason = "OWN_ACCOUNT"

    def __init__(self) -> None:
        super().__init__("You can't disable your own account. Another administrator can.")


class NotStaff(IdentityError):
    """Only people with a role see that."""

    reason = "NOT_STAFF"

    def __init__(self) -> None:
        super().__init__("Only people with a role may do that.")


class NotAnAdmin(IdentityError):
    """Only an administrator changes that."""

    reason = "NOT_AN_ADMIN"

    def __init__(self) -> None:
        super().__init__("Only an administrator may do that.")


class StillAdministrator(IdentityError):
    """An administrator's account is not erased: somebody else takes the role first, so that one stays."""

    reason = "STILL_ADMINISTRATOR"

    def __init__(self) -> None:
        super().__init__("You are an administrator. Another one has to take that role from you first.")
