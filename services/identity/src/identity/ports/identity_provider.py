"""Who vouches for people: an OpenID Connect provider, or what comes near to one."""

from typing import Protocol

from identity.domain.identifiers import ProviderId
from identity.domain.linked_identity import ProviderIdentity


class IdentityProvider(Protocol):
    """One provider.

    Every method has a deadline, and raises SignInProviderUnavailable when the provider is down, slow or
    says what nobody could understand.
    """

    @property
    def provider_id(self) -> ProviderId:
        """Its name in settings and addresses."""
        ...

    @property
    def title(self) -> str:
        """Its name for people."""
        ...

    @property
    def issuer(self) -> str:
        """Whose subjects it speaks of; no two providers have the same."""
        ...

    async def authorization_url(self, *, state: str, nonce: str, code_verifier: str) -> str:
        """Return where the browser is sent; the address carries the challenge (S256), not the verifier."""
        ...

    async def identify(self, *, code: str, nonce: str, code_verifier: str) -> ProviderIdentity:
        """Trade the code of an answer, once, for who the person is.

        Raises SignInRefused unless the provider's signature, the audience, the nonce and the times hold.
        """
        ...
