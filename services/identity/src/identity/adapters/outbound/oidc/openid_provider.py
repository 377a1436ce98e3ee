"""Any OpenID Connect provider, by its discovery document."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from identity.adapters.outbound.oidc.client import (
    Registration,
    email_of,
    name_of,
    oauth_client,
    provider_calls,
)
from identity.adapters.outbound.oidc.id_tokens import UnknownKey, verified_claims
from identity.domain.identifiers import ProviderId
from identity.domain.linked_identity import ProviderIdentity
from identity.domain.sign_in_errors import SignInRefused
from identity.ports.clock import Clock

log = structlog.get_logger(__name__)
SCOPE = "openid email profile"
# How long a discovery document and a set of keys are good; a key that is not in the set is asked for at once.
_KNOWN_FOR_S = 3_600.0
# Of keys that sign as ALGORITHMS say: one of another kind must not cost the others.
_KINDS = frozenset({"RSA", "EC"})


@dataclass(frozen=True)
class _Discovered:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    asked_at_s: float


class OpenIdProvider:
    """Code flow with PKCE; implements IdentityProvider."""

    def __init__(
        self,
        registration: Registration,
        *,
        issuer: str,
        clock: Clock,
        transport: httpx2.AsyncBaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registration = registration
        self._issuer = issuer
        self._clock = clock
        self._transport = transport
        self._monotonic = monotonic
        self._discovered: _Discovered | None = None
        self._keys: tuple[KeySet, float] | None = None
        self._asking = asyncio.Lock()

    @property
    def provider_id(self) -> ProviderId:
        """See IdentityProvider."""
        return self._registration.provider_id

    @property
    def title(self) -> str:
        """See IdentityProvider."""
        return self._registration.title

    @property
    def issuer(self) -> str:
        """See IdentityProvider."""
        return self._issuer

    async def authorization_url(self, *, state: str, nonce: str, code_verifier: str) -> str:
        """See IdentityProvider."""
        async with provider_calls(self.provider_id), self._client() as client:
            about = await self._about(client)
            url, _ = client.create_authorization_url(
                about.authorization_endpoint, state=state, code_verifier=code_verifier, nonce=nonce
            )
            return str(url)

    async def identify(self, *, code: str, nonce: str, code_verifier: str) -> ProviderIdentity:
        """See IdentityProvider."""
        async with provider_calls(self.provider_id), self._client() as client:
            about = await self._about(client)
            token = await client.fetch_token(
                about.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=code_verifier,
                redirect_uri=self._registration.redirect_uri,
            )
            claims = await self._claims(client, about, token, nonce)
        return ProviderIdentity(
            issuer=self._issuer,
            subject=claims["sub"],
            email=email_of(claims.get("email")),
            # Some say it in a text; whatever else it may be proves nothing.
            email_verified=claims.get("email_verified") in (True, "true"),
            full_name=name_of(claims.get("name")),
        )

    def _client(self) -> Any:
        return oauth_client(self._registration, scope=SCOPE, transport=self._transport)

    async def _claims(self, client: Any, about: _Discovered, token: Any, nonce: str) -> Any:
        for is_fresh in (False, True):
            try:
                return verified_claims(
                    token.get("id_token"),
                    await self._key_set(client, about, is_fresh=is_fresh),
                    issuer=self._issuer,
                    client_id=self._registration.client_id,
                    nonce=nonce,
                    access_token=token.get("access_token"),
                    now=self._clock.now(),
                )
            except UnknownKey:
                continue
        raise SignInRefused

    async def _about(self, client: Any) -> _Discovered:
        async with self._asking:
            known = self._discovered
            if known is not None and self._monotonic() < known.asked_at_s + _KNOWN_FOR_S:
                return known
            document = await _json(client, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if document["issuer"] != self._issuer:
                # Whose tokens these would be is not known (OpenID Connect Discovery, section 4.3).
                raise ValueError("the discovery document is another issuer's")
            self._discovered = _Discovered(
                authorization_endpoint=str(document["authorization_endpoint"]),
                token_endpoint=str(document["token_endpoint"]),
                jwks_uri=str(document["jwks_uri"]),
                asked_at_s=self._monotonic(),
            )
            return self._discovered

    async def _key_set(self, client: Any, about: _Discovered, *, is_fresh: bool) -> KeySet:
        known = self._keys
        if known is not None and not is_fresh and self._monotonic() < known[1] + _KNOWN_FOR_S:
            return known[0]
        asked_at_s = self._monotonic()
        document = await _json(client, about.jwks_uri)
        signing = [
            key for key in document["keys"] if key.get("kty") in _KINDS and key.get("use", "sig") == "sig"
        ]
        read = [self._key(key) for key in signing]
        keys = KeySet([key for key in read if key is not None])
        self._keys = (keys, asked_at_s)
        return keys

    def _key(self, told: dict[str, Any]) -> Key | None:
        try:
            return JWKRegistry.import_key(told)
        except (JoseError, LookupError, ValueError, TypeError) as failure:
            # Of a curve that is not known here, or broken: tokens that it signed are refused, others are not.
            log.warning(
                "sign-in provider's key can't be read",
                provider=self.provider_id,
                key_id=str(told.get("kid"))[:100],
                error=type(failure).__name__,
            )
            return None


async def _json(client: Any, url: str) -> Any:
    answer = await client.request("GET", url, withhold_token=True)
    answer.raise_for_status()
    return answer.json()
