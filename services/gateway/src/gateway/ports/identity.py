"""Users, credentials and tokens, as identity keeps them."""

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.user import SignedIn, User

SESSION_IDS_MAX = 500


class Identity(Protocol):
    """Every method has a deadline and raises errors of `gateway.domain.errors`."""

    async def sign_up(
        self, *, email: str, password: str, full_name: str, client_address: str | None = None
    ) -> SignedIn:
        """Open an account.

        Raises InvalidRequest (WEAK_PASSWORD, INVALID_EMAIL), Conflict (EMAIL_TAKEN), RateLimited.
        """
        ...

    async def log_in(
        self, *, email: str, password: str, client_address: str, device_tokens: Sequence[str] = ()
    ) -> SignedIn:
        """Open a session; a device that shows a token of its owner's is counted apart from strangers.

        Raises Unauthenticated (INVALID_CREDENTIALS), RateLimited.
        """
        ...

    async def refresh(self, refresh_token: str) -> SignedIn:
        """Trade a refresh token for a new pair, once. Raises Unauthenticated."""
        ...

    async def log_out(self, refresh_token: str) -> None:
        """End the token's session; nothing happens when it has ended."""
        ...

    async def open_sessions(self, session_ids: Sequence[SessionId]) -> frozenset[SessionId]:
        """Those of these sessions, at most SESSION_IDS_MAX, that still stand."""
        ...

    async def user(self, user_id: UserId) -> User:
        """Read a profile. Raises NotFound."""
        ...

    async def update_profile(self, user_id: UserId, *, full_name: str | None, avatar_url: str | None) -> User:
        """Change a profile; None leaves a field as it is. Raises InvalidRequest."""
        ...

    async def request_password_reset(self, *, email: str, client_address: str) -> None:
        """Mail a one-time token if the address has an account. Raises RateLimited."""
        ...

    async def reset_password(self, *, token: str, new_password: str) -> str | None:
        """Set a password by a mailed token and end every session; returns a token of the device.

        Raises InvalidRequest.
        """
        ...

    async def request_verification(self, user_id: UserId, *, client_address: str) -> None:
        """Mail the link that confirms an address again; nothing when it is confirmed. Raises RateLimited."""
        ...

    async def verify_email(self, token: str) -> User:
        """Mark an address as verified by a mailed token. Raises InvalidRequest."""
        ...

    async def jwks(self) -> str:
        """Return the public keys of access tokens, as a JSON Web Key Set."""
        ...
