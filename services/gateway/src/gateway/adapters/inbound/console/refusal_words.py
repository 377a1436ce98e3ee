"""What identity refuses, in the reader's language: it says it in English, and its reason says what it was."""

import re
from collections.abc import Mapping

from gateway.adapters.inbound.console.languages import ENGLISH, Language, gettext_noop
from gateway.adapters.inbound.console.sign_in_words import SIGN_IN_WORDS

WORDS: Mapping[str, str] = {
    **SIGN_IN_WORDS,
    "INVALID_EMAIL": gettext_noop("That is no email address that mail can be sent to."),
    "WEAK_PASSWORD": gettext_noop("This password is too easy to guess. A sentence is a good one."),
    "WRONG_PASSWORD": gettext_noop("The password is wrong."),
    "WRONG_CODE": gettext_noop("The code is wrong, or was used before."),
    "INVALID_TOKEN": gettext_noop("This link is not valid, was used before or has expired."),
    "EMAIL_TAKEN": gettext_noop("An account with this email address exists already."),
    "INVALID_CREDENTIALS": gettext_noop("The email address or the password is wrong."),
    "SECOND_FACTOR_REQUIRED": gettext_noop("A code of your authenticator app is needed."),
    "CHALLENGE_ENDED": gettext_noop("This sign-in took too long, or too many codes were wrong. Begin again."),
    "SECOND_FACTOR_ON": gettext_noop("Your account asks for a second factor already. Turn it off first."),
    "SECOND_FACTORS_OFF": gettext_noop("Second factors are not set up here."),
    "STEP_UP_REQUIRED": gettext_noop(
        "Prove once more that it is you: with your password or a code, or sign in again."
    ),
    "ACCOUNT_LEAVING": gettext_noop("This account is about to be deleted. Take that back first."),
    "TOO_MANY_ATTEMPTS": gettext_noop("Too many attempts."),
    "TOO_BUSY": gettext_noop("Too many people are logging in right now."),
    "THROTTLE_UNAVAILABLE": gettext_noop("Logging in is not possible right now. Try again soon."),
    "INVALID_REFRESH_TOKEN": gettext_noop("The session is unknown or has expired. Sign in again."),
    "REFRESH_TOKEN_REUSED": gettext_noop(
        "The session was used from two places and has ended. Sign in again."
    ),
    "SESSION_ENDED": gettext_noop("The session has ended. Sign in again."),
    "SESSION_NOT_FOUND": gettext_noop("There is no such session."),
    "API_KEY_NOT_FOUND": gettext_noop("There is no such API key."),
    "AVATAR_NOT_FOUND": gettext_noop("There is no picture."),
    "API_KEY_QUOTA_REACHED": gettext_noop("You have as many API keys as one may have. Revoke one first."),
    "IDEMPOTENCY_KEY_REUSED": gettext_noop(
        "This form was sent before with other contents. Load the page again."
    ),
    "USER_NOT_FOUND": gettext_noop("There is no such user."),
    "LAST_ADMINISTRATOR": gettext_noop("This is the last administrator. Make somebody else one first."),
    "OWN_ACCOUNT": gettext_noop("You can't disable your own account. Another administrator can."),
    "NOT_STAFF": gettext_noop("Only people with a role may do that."),
    "NOT_AN_ADMIN": gettext_noop("Only an administrator may do that."),
    "STILL_ADMINISTRATOR": gettext_noop(
        "You are an administrator. Another one has to take that role from you first."
    ),
    "LINK_NOT_FOUND": gettext_noop("There is no such sign-in."),
    "INVITATION_NOT_SENT": gettext_noop("The mail was not sent, so nobody is invited."),
    "PASSKEYS_UNAVAILABLE": gettext_noop("Passkeys can't be used at this address."),
    "PASSKEY_MALFORMED": gettext_noop("This is no answer of a passkey."),
    "PASSKEY_CHALLENGE_ENDED": gettext_noop("This took too long, or was answered before. Begin again."),
    "PASSKEY_WRONG_ORIGIN": gettext_noop("This passkey was used at another address."),
    "PASSKEY_WRONG_SITE": gettext_noop("This passkey is for another site."),
    "PASSKEY_USER_NOT_VERIFIED": gettext_noop(
        "The passkey was used without a PIN, a finger or a face, which is needed here."
    ),
    "PASSKEY_REFUSED": gettext_noop("It could not be confirmed that this is your passkey."),
    "PASSKEY_UNKNOWN": gettext_noop(
        "This passkey opens nothing here. It may have been removed from the account."
    ),
    "PASSKEY_COPIED": gettext_noop(
        "This passkey seems to have been copied, so it was not accepted. Sign in another way, and remove it."
    ),
    "PASSKEY_EXISTS": gettext_noop("This passkey is known already."),
    "UNUSABLE_MEDIA": gettext_noop(
        "This file can't be used: it is of a kind that is not taken here, or can't be decoded."
    ),
    "UPLOAD_TOO_LARGE": gettext_noop("The file is too large."),
    "TOO_MANY_UPLOADS": gettext_noop("Too many files are coming in at once; try again."),
    "NO_FILE": gettext_noop("Choose a picture first."),
    "PASSKEY_NOT_FOUND": gettext_noop("There is no such passkey."),
    "PASSKEY_QUOTA_REACHED": gettext_noop("You have as many passkeys as one may have. Remove one first."),
}
# What is wrong with a field of a form; one reason is all that these have.
TEXTS = frozenset({
    gettext_noop("The password needs at least %(number)s characters."),
    gettext_noop("The password may have at most %(number)s characters."),
    gettext_noop("The password may not be the email address."),
    gettext_noop("This password is one of the first that anyone would try."),
    gettext_noop("That is your address already."),
    gettext_noop("A name has 1 to %(number)s printable characters."),
    gettext_noop("A key's name has 1 to %(number)s printable characters."),
    gettext_noop("A key needs at least one scope."),
    gettext_noop("A key names at most %(number)s models, or none for all."),
    gettext_noop("A model's id has 1 to %(number)s printable characters."),
    gettext_noop("A key expires in the future, or never."),
    gettext_noop("A monthly limit is 1 to %(number)s credits, or none."),
    gettext_noop("The name may not contain control characters."),
    gettext_noop("The name may have at most %(number)s characters."),
    gettext_noop("The avatar must be an https:// URL."),
    gettext_noop("The picture must be a WebP of at most %(number)s bytes."),
    gettext_noop("A reason has at most %(number)s characters."),
})  # fmt: skip
_NUMBER = re.compile(r"\d[\d,]*")


def translated(language: Language, reason: str, detail: str) -> str:
    """Return what a person reads of a refusal; in English, and of what is not known here, as it was said."""
    if language is ENGLISH:
        return detail
    text, number = _template(detail)
    if text in TEXTS:
        return language.say(text) % {"number": number} if number else language.say(text)
    return language.say(WORDS[reason]) if reason in WORDS else detail


def _template(detail: str) -> tuple[str, str | None]:
    """Return a text without its last number, and that: "1 to 60 characters" has 60."""
    numbers = _NUMBER.findall(detail)
    return ("%(number)s".join(detail.rsplit(numbers[-1], 1)), numbers[-1]) if numbers else (detail, None)
