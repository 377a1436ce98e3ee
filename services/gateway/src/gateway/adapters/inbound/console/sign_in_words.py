"""What pages say, in every language, about signing in by a provider's word and about opening an account."""

from collections.abc import Mapping

from gateway.adapters.inbound.console.languages import gettext_noop

SIGN_IN_WORDS: Mapping[str, str] = {
    "EMAIL_NOT_CONFIRMED": gettext_noop("Confirm your email address first: a mail has the link."),
    "SIGN_IN_PROVIDER_NOT_FOUND": gettext_noop("There is no such way to sign in."),
    "SIGN_IN_PROVIDER_UNAVAILABLE": gettext_noop(
        "The service that you sign in with does not answer at the moment. Try again soon."
    ),
    "SIGN_IN_STATE_INVALID": gettext_noop(
        "This sign-in took too long, was finished before or began in another browser. Start again."
    ),
    "SIGN_IN_DECLINED": gettext_noop("The sign-in was cancelled. Nothing was changed."),
    "SIGN_IN_REFUSED": gettext_noop("It could not be confirmed who you are. Start again."),
    "PROVIDER_EMAIL_UNVERIFIED": gettext_noop(
        "The service that you sign in with has not confirmed your email address. Confirm it there, "
        "or create an account with a password."
    ),
    "IDENTITY_LINKED_ELSEWHERE": gettext_noop("This sign-in is linked with another account already."),
    "PROVIDER_LINKED_ALREADY": gettext_noop(
        "Your account is linked with another sign-in of the same service. Remove that first."
    ),
    "LINK_EXPIRED": gettext_noop("There is nothing to link any more. Start again."),
    "LAST_WAY_TO_SIGN_IN": gettext_noop("This is the only way into your account. Set a password first."),
    "SIGN_UP_CLOSED": gettext_noop("No new accounts can be opened here."),
    "INVITATION_REQUIRED": gettext_noop(
        "Accounts are by invitation. Use the link in the mail that you got, at the address it went to."
    ),
    "CAPTCHA_FAILED": gettext_noop("It could not be checked that you are a person. Try again."),
    "CAPTCHA_UNAVAILABLE": gettext_noop(
        "It can't be checked at the moment that you are a person. Try again soon."
    ),
    "EMAIL_DOMAIN_NOT_ALLOWED": gettext_noop("No account can be opened with an address of this domain."),
    "USER_DISABLED": gettext_noop("This account is disabled."),
}
