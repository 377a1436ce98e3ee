"""Parsing of what callers send, before anything inside sees it."""

import re
from collections.abc import Sequence

from email_validator import EmailNotValidError, validate_email

from identity.domain.errors import InvalidCredentials, InvalidEmail, InvalidField, UserNotFound
from identity.domain.identifiers import SessionId, UserId
from identity.domain.user import EmailAddress

CLIENT_ADDRESS_LENGTH_MAX = 64
DEVICE_TOKENS_MAX = 8
DEVICE_TOKEN_LENGTH_MAX = 2_048
SECRET_LENGTH_MAX = 256
PASSWORD_INPUT_LENGTH_MAX = 1024
SESSION_IDS_MAX = 500
_SESSION_ID = re.compile(r"ses_[0-9a-f]{32}")
_USER_ID = re.compile(r"usr_[0-9a-f]{32}")


def email_address(text: str) -> EmailAddress:
    """Return an address with valid syntax, its domain normalised; raises InvalidEmail.

    Whether mail arrives there is for the verification mail to find out; reserved domains are let through.
    """
    try:
        parsed = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise InvalidEmail(str(error), field="email") from None
    return EmailAddress(parsed.normalized)


def user_id(text: str) -> UserId:
    """Return a well-formed user id; anything else can't exist, and raises UserNotFound."""
    if not _USER_ID.fullmatch(text):
        raise UserNotFound
    return UserId(text)


def login_password(text: str) -> str:
    """Return a password to be compared; one that no account can have raises InvalidCredentials."""
    if len(text) > PASSWORD_INPUT_LENGTH_MAX:
        raise InvalidCredentials
    return text


def new_password(text: str) -> str:
    """Return a password for the domain's rules to check; cut where it is too long for them already."""
    return text[:PASSWORD_INPUT_LENGTH_MAX]


def secret(text: str) -> str:
    """Return a token as issued by this service, bounded; an unknown one is refused by its look-up."""
    return text[:SECRET_LENGTH_MAX]


def client_address(text: str) -> str | None:
    """Return the client's address as the gateway saw it; all unknown clients share one limit."""
    return text[:CLIENT_ADDRESS_LENGTH_MAX] or None


def device_tokens(texts: Sequence[str]) -> list[str]:
    """Return the first few that could be tokens; one that is none makes no device known."""
    return [text for text in texts[:DEVICE_TOKENS_MAX] if len(text) <= DEVICE_TOKEN_LENGTH_MAX]


def session_ids(texts: Sequence[str]) -> list[SessionId]:
    """Return the well-formed ids, once each; anything else can't exist. Raises InvalidField for too many."""
    if len(texts) > SESSION_IDS_MAX:
        raise InvalidField(f"At most {SESSION_IDS_MAX} sessions at a time.", field="session_ids")
    return [SessionId(text) for text in dict.fromkeys(texts) if _SESSION_ID.fullmatch(text)]
