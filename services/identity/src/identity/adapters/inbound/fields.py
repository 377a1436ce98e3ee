"""Parsing of what callers send, before anything inside sees it."""

import re
from collections.abc import Sequence
from datetime import datetime

from chassis import timestamps
from email_validator import EmailNotValidError, validate_email
from google.protobuf.message import Message
from tintype.identity.v1 import identity_pb2 as pb

from identity.adapters.inbound import user_agents
from identity.domain.api_key import Scope
from identity.domain.client import Client
from identity.domain.errors import (
    ApiKeyNotFound,
    InvalidCredentials,
    InvalidEmail,
    InvalidField,
    SessionNotFound,
    UserNotFound,
    WrongCode,
    WrongPassword,
)
from identity.domain.identifiers import (
    ApiKeyId,
    IdempotencyKey,
    LinkId,
    PasskeyId,
    ProviderId,
    SessionId,
    UserId,
)
from identity.domain.passkey_errors import PasskeyMalformed, PasskeyNotFound
from identity.domain.secret import SecretDigest
from identity.domain.sign_in_errors import LinkNotFound, SignInStateInvalid
from identity.domain.user import EmailAddress

CLIENT_ADDRESS_LENGTH_MAX = 64
DEVICE_TOKENS_MAX = 8
DEVICE_TOKEN_LENGTH_MAX = 2_048
SECRET_LENGTH_MAX = 256
CODE_LENGTH_MAX = 64
PASSWORD_INPUT_LENGTH_MAX = 1024
SESSION_IDS_MAX = 500
KEY_DIGESTS_MAX = 500
IDEMPOTENCY_KEY_LENGTH_MAX = 255
PROVIDER_ID_LENGTH_MAX = 64
ANSWER_CODE_LENGTH_MAX = 4_096
CREDENTIAL_LENGTH_MAX = 16_384
PASSKEY_NAME_INPUT_LENGTH_MAX = 1_024
HOST_LENGTH_MAX = 300
_DIGEST_BYTES = 32
_PASSKEY_ID = re.compile(r"psk_[0-9a-f]{32}")
_LINK_ID = re.compile(r"lnk_[0-9a-f]{32}")
_API_KEY_ID = re.compile(r"key_[0-9a-f]{32}")
_SCOPES = frozenset(Scope)
_SESSION_ID = re.compile(r"ses_[0-9a-f]{32}")
_ENDPOINT_ID = re.compile(r"[A-Za-z0-9_]{1,64}")
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


def proving_password(text: str) -> str:
    """Return a password by which somebody proves again who they are; raises WrongPassword."""
    if len(text) > PASSWORD_INPUT_LENGTH_MAX:
        raise WrongPassword
    return text


def one_time_code(text: str) -> str:
    """Return a code as it was typed; raises WrongCode for what none is."""
    if not 1 <= len(text.strip()) <= CODE_LENGTH_MAX:
        raise WrongCode
    return text.strip()


def new_password(text: str) -> str:
    """Return a password for the domain's rules to check; cut where it is too long for them already."""
    return text[:PASSWORD_INPUT_LENGTH_MAX]


def secret(text: str) -> str:
    """Return a token as issued by this service, bounded; an unknown one is refused by its look-up."""
    return text[:SECRET_LENGTH_MAX]


def client_address(text: str) -> str | None:
    """Return the client's address as the gateway saw it; all unknown clients share one limit."""
    return text[:CLIENT_ADDRESS_LENGTH_MAX] or None


def client(
    request: (
        pb.SignUpRequest
        | pb.LogInRequest
        | pb.RefreshSessionRequest
        | pb.CompleteSignInRequest
        | pb.CompleteLogInRequest
        | pb.SignInWithPasskeyRequest
    ),
) -> Client:
    """Return where a request comes from."""
    return user_agents.client(client_address(request.client_address), request.user_agent)


def device_tokens(texts: Sequence[str]) -> list[str]:
    """Return the first few that could be tokens; one that is none makes no device known."""
    return [text for text in texts[:DEVICE_TOKENS_MAX] if len(text) <= DEVICE_TOKEN_LENGTH_MAX]


def session_ids(texts: Sequence[str]) -> list[SessionId]:
    """Return the well-formed ids, once each; anything else can't exist. Raises InvalidField for too many."""
    if len(texts) > SESSION_IDS_MAX:
        raise InvalidField(f"At most {SESSION_IDS_MAX} sessions at a time.", field="session_ids")
    return [SessionId(text) for text in dict.fromkeys(texts) if _SESSION_ID.fullmatch(text)]


def session_id(text: str) -> SessionId:
    """Return a well-formed session id; anything else can't exist, and raises SessionNotFound."""
    if not _SESSION_ID.fullmatch(text):
        raise SessionNotFound
    return SessionId(text)


def idempotency_key(text: str) -> IdempotencyKey:
    """Return a request's key; raises InvalidField."""
    if not 1 <= len(text) <= IDEMPOTENCY_KEY_LENGTH_MAX or not text.isprintable():
        raise InvalidField(
            f"An idempotency key has 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} printable characters.",
            field="idempotency_key",
        )
    return IdempotencyKey(text)


def api_key_id(text: str) -> ApiKeyId:
    """Return a well-formed id of an API key; anything else can't exist, and raises ApiKeyNotFound."""
    if not _API_KEY_ID.fullmatch(text):
        raise ApiKeyNotFound
    return ApiKeyId(text)


def provider_id(text: str) -> ProviderId:
    """Return what may be a provider's name; an unknown one is refused by its look-up."""
    return ProviderId(text[:PROVIDER_ID_LENGTH_MAX])


def answer_code(text: str) -> str | None:
    """Return a provider's code, None where it gave none; raises SignInStateInvalid if endless."""
    if len(text) > ANSWER_CODE_LENGTH_MAX:
        raise SignInStateInvalid
    return text or None


def link_id(text: str) -> LinkId:
    """Return a well-formed id of a link; anything else can't exist, and raises LinkNotFound."""
    if not _LINK_ID.fullmatch(text):
        raise LinkNotFound
    return LinkId(text)


def credential(text: str) -> str:
    """Return what a browser brought of an authenticator; raises PasskeyMalformed if endless."""
    if len(text) > CREDENTIAL_LENGTH_MAX:
        raise PasskeyMalformed
    return text


def passkey_name(text: str) -> str:
    """Return a name for the domain's rules to check; cut where it is too long for them already."""
    return text[:PASSKEY_NAME_INPUT_LENGTH_MAX]


def passkey_id(text: str) -> PasskeyId:
    """Return a well-formed id of a passkey; anything else can't exist, and raises PasskeyNotFound."""
    if not _PASSKEY_ID.fullmatch(text):
        raise PasskeyNotFound
    return PasskeyId(text)


def scopes(texts: Sequence[str]) -> frozenset[Scope]:
    """Return what a key may do; raises InvalidField for what is no scope."""
    if unknown := sorted(set(texts) - _SCOPES):
        known = ", ".join(Scope)
        raise InvalidField(f"There is no scope {unknown[0][:64]!r}; there are {known}.", field="scopes")
    return frozenset(map(Scope, texts))


def key_digests(texts: Sequence[bytes]) -> list[SecretDigest]:
    """Return the digests, once each; raises InvalidField for too many. What is none can't be found."""
    if len(texts) > KEY_DIGESTS_MAX:
        raise InvalidField(f"At most {KEY_DIGESTS_MAX} keys at a time.", field="digests")
    return [SecretDigest(text) for text in dict.fromkeys(texts) if len(text) == _DIGEST_BYTES]


def moment(request: Message, field: str) -> datetime | None:
    """Return a time, or None for none; raises InvalidField for one that no calendar has."""
    try:
        return timestamps.moment(request, field)
    except ValueError:
        raise InvalidField("There is no such time.", field=field) from None


def endpoint_id(text: str) -> str:
    """Return what may be the id of another service's webhook endpoint; raises InvalidField."""
    if not _ENDPOINT_ID.fullmatch(text):
        raise InvalidField("That is no id of an endpoint.", field="endpoint_id")
    return text


def host(text: str) -> str:
    """Return a host, perhaps with a port, as a mail may show it; raises InvalidField."""
    if not 1 <= len(text) <= HOST_LENGTH_MAX or not text.isprintable() or set(text) & set(" /?#@\\"):
        raise InvalidField("A host is a name without path, query and user.", field="host")
    return text
