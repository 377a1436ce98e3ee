"""The ways to say no to whoever signs in by another's word; the others are in errors.py."""

from identity.domain.errors import IdentityError, InvalidField


class EmailNotConfirmed(IdentityError):
    """The account's address is not proven: nothing is begun that keeps its true owner out, or lets others in.

    Whoever opens an account with somebody else's address must not be in it once that person takes it over.
    """

    reason = "EMAIL_NOT_CONFIRMED"

    def __init__(self) -> None:
        super().__init__(
            "Confirm your email address first: a mail has the link, and another one can be sent."
        )


class SignInProviderNotFound(IdentityError):
    """No provider of identities has this name here."""

    reason = "SIGN_IN_PROVIDER_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such way to sign in.")


class SignInStateInvalid(InvalidField):
    """A provider's answer that nobody waits for: unknown, used before, too late, or in another browser."""

    reason = "SIGN_IN_STATE_INVALID"

    def __init__(self) -> None:
        super().__init__(
            "This sign-in took too long, was finished before or began in another browser. Start again.",
            field="state",
        )


class SignInDeclined(IdentityError):
    """The person did not let the provider say who they are."""

    reason = "SIGN_IN_DECLINED"

    def __init__(self) -> None:
        super().__init__("The sign-in was cancelled. Nothing was changed.")


class SignInRefused(IdentityError):
    """What the provider answered proves nothing: a code it does not know, or a token that does not hold."""

    reason = "SIGN_IN_REFUSED"

    def __init__(self) -> None:
        super().__init__("It could not be confirmed who you are. Start again.")


class SignInProviderUnavailable(IdentityError):
    """The provider does not answer, or not in time."""

    reason = "SIGN_IN_PROVIDER_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("The service that you sign in with does not answer at the moment. Try again soon.")


class ProviderEmailUnverified(IdentityError):
    """The provider does not vouch for an address, so that nothing can be opened by it."""

    reason = "PROVIDER_EMAIL_UNVERIFIED"

    def __init__(self) -> None:
        super().__init__(
            "The service that you sign in with has not confirmed your email address. Confirm it there, "
            "or create an account with a password."
        )


class IdentityLinkedElsewhere(IdentityError):
    """Another account is opened by this identity."""

    reason = "IDENTITY_LINKED_ELSEWHERE"

    def __init__(self) -> None:
        super().__init__("This sign-in is linked with another account already.")


class ProviderLinkedAlready(IdentityError):
    """The account is opened by another identity of the same provider."""

    reason = "PROVIDER_LINKED_ALREADY"

    def __init__(self) -> None:
        super().__init__(
            "Your account is linked with another sign-in of the same service. Remove that first."
        )


class LinkExpired(IdentityError):
    """What waited to be linked is unknown, another's, linked already, or waited too long."""

    reason = "LINK_EXPIRED"

    def __init__(self) -> None:
        super().__init__("There is nothing to link any more. Start again.")


class LinkNotFound(IdentityError):
    """The account is not opened by this identity."""

    reason = "LINK_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such sign-in.")


class LastWayToSignIn(IdentityError):
    """Without this identity nobody could open the account."""

    reason = "LAST_WAY_TO_SIGN_IN"

    def __init__(self) -> None:
        super().__init__("This is the only way into your account. Set a password first.")


class SignUpClosed(IdentityError):
    """Nobody can open an account here, but operators."""

    reason = "SIGN_UP_CLOSED"

    def __init__(self) -> None:
        super().__init__("No new accounts can be opened here.")


class InvitationRequired(IdentityError):
    """Only who was invited can open an account: with the link that was mailed, while it is good."""

    reason = "INVITATION_REQUIRED"

    def __init__(self) -> None:
        super().__init__(
            "Accounts are by invitation. Use the link in the mail that you got, at the address it went to."
        )


class EmailDomainNotAllowed(InvalidField):
    """Accounts are for addresses of some domains."""

    reason = "EMAIL_DOMAIN_NOT_ALLOWED"

    def __init__(self, domains: tuple[str, ...]) -> None:
        super().__init__(f"Accounts are for addresses at {', '.join(domains)}.", field="email")


class InvitationNotSent(IdentityError):
    """The mail server did not take the invitation; its link is good for nothing."""

    reason = "INVITATION_NOT_SENT"

    def __init__(self) -> None:
        super().__init__("The mail was not sent, so nobody is invited. Is IDENTITY_SMTP_HOST right?")


class CaptchaFailed(InvalidField):
    """Whoever signs up did not show to be a person, or showed it twice with one token."""

    reason = "CAPTCHA_FAILED"

    def __init__(self) -> None:
        super().__init__("It could not be checked that you are a person. Try again.", field="captcha_token")


class CaptchaUnavailable(IdentityError):
    """Nobody can say whether somebody is a person: nobody is let in meanwhile."""

    reason = "CAPTCHA_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("It can't be checked at the moment that you are a person. Try again soon.")
