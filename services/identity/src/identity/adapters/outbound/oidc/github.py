"""GitHub: OAuth 2 without id tokens, so that who somebody is comes from its API, over the same TLS.

There is no nonce: what binds the answer to the browser are the state and the verifier (GitHub honours S256).
"""

from typing import Any

import httpx2

from identity.adapters.outbound.oidc.client import (
    Registration,
    email_of,
    name_of,
    oauth_client,
    provider_calls,
)
from identity.domain.identifiers import ProviderId
from identity.domain.linked_identity import ProviderIdentity
from identity.domain.sign_in_errors import SignInRefused

SITE, API = "https://github.com", "https://api.github.com"
SCOPE = "read:user user:email"
_ACCEPT = {"Accept": "application/vnd.github+json", "User-Agent": "tintype"}
# A page of GitHub's; nobody has so many addresses.
_EMAILS_MAX = 100


class GitHubProvider:
    """Reads the user and its addresses once, and keeps no token; implements IdentityProvider."""

    def __init__(
        self,
        registration: Registration,
        *,
        site: str = SITE,
        api: str = API,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._registration = registration
        self._site, self._api = site.rstrip("/"), api.rstrip("/")
        self._transport = transport

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
        return self._site

    async def authorization_url(self, *, state: str, nonce: str, code_verifier: str) -> str:
        """See IdentityProvider."""
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                f"{self._site}/login/oauth/authorize", state=state, code_verifier=code_verifier
            )
            return str(url)

    async def identify(self, *, code: str, nonce: str, code_verifier: str) -> ProviderIdentity:
        """See IdentityProvider."""
        async with provider_calls(self.provider_id), self._client() as client:
            await client.fetch_token(
                f"{self._site}/login/oauth/access_token",
                grant_type="authorization_code",
                code=code,
                code_verifier=code_verifier,
                redirect_uri=self._registration.redirect_uri,
            )
            person = await self._read(client, "/user")
            emails = await self._read(client, f"/user/emails?per_page={_EMAILS_MAX}")
            return self._identity(person, emails)

    def _identity(self, person: Any, emails: Any) -> ProviderIdentity:
        subject = person["id"]
        if not isinstance(subject, int) or isinstance(subject, bool):
            raise SignInRefused
        primary: dict[str, Any] = next((entry for entry in emails if entry.get("primary") is True), {})
        return ProviderIdentity(
            issuer=self.issuer,
            # The number: a login can be given up and taken by somebody else.
            subject=str(subject),
            email=email_of(primary.get("email")),
            email_verified=primary.get("verified") is True,
            full_name=name_of(person.get("name")),
        )

    def _client(self) -> Any:
        return oauth_client(self._registration, scope=SCOPE, transport=self._transport)

    async def _read(self, client: Any, path: str) -> Any:
        answer = await client.get(f"{self._api}{path}", headers=_ACCEPT)
        answer.raise_for_status()
        return answer.json()
