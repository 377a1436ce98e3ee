"""Signing in by a provider's word, as identity knows it."""

from typing import Protocol

from gateway.domain.client import Client
from gateway.domain.identifiers import LinkId, ProviderId, UserId
from gateway.domain.sign_in import BegunSignIn, LinkWaits, SignInLink, SignInMethods, SignInOptions
from gateway.domain.user import SignedIn


class SignIn(Protocol):
    """Every method has a deadline and raises errors of `gateway.domain.errors`."""

    async def options(self) -> SignInOptions:
        """Read what the settings offer."""
        ...

    async def begin(self, provider_id: ProviderId, *, user_id: UserId | None) -> BegunSignIn:
        """Send somebody to a provider; who is signed in wants an identity linked.

        Raises NotFound (SIGN_IN_PROVIDER_NOT_FOUND), Unavailable (SIGN_IN_PROVIDER_UNAVAILABLE).
        """
        ...

    async def complete(
        self,
        provider_id: ProviderId,
        *,
        state: str,
        code: str | None,
        browser_secret: str,
        client: Client,
    ) -> SignedIn | LinkWaits:
        """Sign somebody in by a provider's answer, once; without a code the person declined.

        Raises InvalidRequest (SIGN_IN_STATE_INVALID), Unauthenticated (SIGN_IN_REFUSED), Forbidden
        (SIGN_IN_DECLINED, PROVIDER_EMAIL_UNVERIFIED, USER_DISABLED), Conflict (IDENTITY_LINKED_ELSEWHERE),
        NotFound, RateLimited, Unavailable.
        """
        ...

    async def methods(self, user_id: UserId, *, link_token: str | None = None) -> SignInMethods:
        """Read how a person signs in, and what waits under a token of theirs."""
        ...

    async def link(self, user_id: UserId, link_token: str) -> SignInLink:
        """Link what waits.

        Raises NotFound (LINK_EXPIRED), Conflict (IDENTITY_LINKED_ELSEWHERE, PROVIDER_LINKED_ALREADY,
        EMAIL_NOT_CONFIRMED).
        """
        ...

    async def unlink(self, user_id: UserId, link_id: LinkId) -> None:
        """Forget a link. Raises NotFound (LINK_NOT_FOUND), Conflict (LAST_WAY_TO_SIGN_IN)."""
        ...
