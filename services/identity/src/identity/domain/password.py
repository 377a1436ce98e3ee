"""Password rules after NIST SP 800-63B section 5.1.1.2: length and a blocklist, no composition rules."""

import unicodedata

from identity.domain.errors import WeakPassword
from identity.domain.known_passwords import KNOWN_PASSWORDS
from identity.domain.user import EmailAddress

PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 128


def normalised(password: str) -> str:
    """Return the form that is hashed: NFKC, so that the same keys match whatever the keyboard composes."""
    return unicodedata.normalize("NFKC", password)


def checked_password(password: str, *, email: EmailAddress, field: str = "password") -> str:
    """Return the normalised password, or raise WeakPassword naming the rule it breaks."""
    candidate = normalised(password)
    if broken := _broken_rule(candidate, email=email):
        rule, message = broken
        raise WeakPassword(message, field=field, rule=rule)
    return candidate


def _broken_rule(password: str, *, email: EmailAddress) -> tuple[str, str] | None:
    if len(password) < PASSWORD_LENGTH_MIN:
        return "TOO_SHORT", f"The password needs at least {PASSWORD_LENGTH_MIN} characters."
    if len(password) > PASSWORD_LENGTH_MAX:
        return "TOO_LONG", f"The password may have at most {PASSWORD_LENGTH_MAX} characters."
    folded = password.casefold()
    if folded in (email.casefold(), email.casefold().partition("@")[0]):
        return "IS_EMAIL", "The password may not be the email address."
    if folded in KNOWN_PASSWORDS or len(set(folded)) == 1:
        return "TOO_COMMON", "This password is one of the first that anyone would try."
    return None
