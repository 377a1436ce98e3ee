"""What every provider has in common: an OAuth 2 client with PKCE, deadlines, and what its failures mean."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from email_validator import EmailNotValidError, validate_email

from identity.domain.identifiers import ProviderId
from identity.domain.sign_in_errors import SignInProviderUnavailable, SignInRefused
from identity.domain.user import EmailAddress

log = structlog.get_logger(__name__)

# Of one request, and of all that one call of the port takes: who drips is as slow as who waits.
REQUEST_TIMEOUT_S = 5.0
DEADLINE_S = 10.0
# What a provider says of a code that it does not know (RFC 6749, section 5.2, and GitHub's own word).
_CODE_REFUSED = frozenset({"invalid_grant", "bad_verification_code"})

_NOT_UNDERSTOOD = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    TimeoutError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
)


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What an operator was given by a provider, and where it sends people back to."""

    provider_id: ProviderId
    title: str
    client_id: str
    client_secret: str | None = field(repr=False)
    redirect_uri: str


def oauth_client(
    registration: Registration, *, scope: str, transport: httpx2.AsyncBaseTransport | None = None
) -> Any:
    """Return a client that is used as a context; Authlib has no types."""
    return AsyncOAuth2Client(
        client_id=registration.client_id,
        client_secret=registration.client_secret,
        scope=scope,
        redirect_uri=registration.redirect_uri,
        code_challenge_method="S256",
        timeout=REQUEST_TIMEOUT_S,
        transport=transport,
        trust_env=False,
    )


@asynccontextmanager
async def provider_calls(provider_id: ProviderId) -> AsyncIterator[None]:
    """Bound the calls inside, and raise SignInRefused or SignInProviderUnavailable for what goes wrong.

    What the provider sent is not logged: there are codes and tokens in it.
    """
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield
    except OAuthError as refused:
        if refused.error in _CODE_REFUSED:
            raise SignInRefused from None
        log.error("sign-in provider refuses us", provider=provider_id, error=str(refused.error)[:100])
        raise SignInProviderUnavailable from None
    except _NOT_UNDERSTOOD as failure:
        log.warning("sign-in provider failed", provider=provider_id, error=type(failure).__name__)
        raise SignInProviderUnavailable from None


def email_of(text: object) -> EmailAddress | None:
    """Return an address that mail could be sent to, or None."""
    if not isinstance(text, str):
        return None
    try:
        parsed = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError:
        return None
    return EmailAddress(parsed.normalized)


def name_of(text: object) -> str | None:
    """Return what a person is called, if it is a text."""
    return text if isinstance(text, str) else None
