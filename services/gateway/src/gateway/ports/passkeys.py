"""Passkeys, as identity knows them."""

from collections.abc import Mapping
from typing import Any, Protocol

from gateway.domain.client import Client
from gateway.domain.identifiers import PasskeyId, SessionId, UserId
from gateway.domain.passkey import OwnPasskeys, Passkey
from gateway.domain.user import SignedIn

Document = Mapping[str, Any]
"""JSON of Web Authentication level 3: what a browser is asked, or what it answered."""


class Passkeys(Protocol):
    """Every method has a deadline and raises errors of `gateway.domain.errors`.

    What is asked is answered once, within five minutes. Whatever takes an answer raises InvalidRequest
    (PASSKEY_MALFORMED, PASSKEY_CHALLENGE_ENDED, PASSKEY_UNKNOWN, PASSKEY_WRONG_ORIGIN, PASSKEY_WRONG_SITE,
    PASSKEY_USER_NOT_VERIFIED, PASSKEY_REFUSED), Conflict (PASSKEYS_UNAVAILABLE) and, for a use of a passkey,
    Forbidden (PASSKEY_COPIED, USER_DISABLED) and RateLimited.
    """

    async def sign_in_options(self, *, challenge: str | None = None) -> Document:
        """Say what to ask whoever signs in, or whose sign-in waits under this challenge of `log_in`.

        Raises Conflict (PASSKEYS_UNAVAILABLE), Unauthenticated (CHALLENGE_ENDED), NotFound
        (PASSKEY_NOT_FOUND) where the person has none.
        """
        ...

    async def sign_in(self, answer: Document, client: Client) -> SignedIn:
        """Open a session."""
        ...

    async def complete_log_in(self, answer: Document, *, challenge: str, client: Client) -> SignedIn:
        """End a sign-in that waits for a code. Raises Unauthenticated (CHALLENGE_ENDED), too."""
        ...

    async def step_up_options(self, user_id: UserId) -> Document:
        """Say what to ask whoever is signed in. Raises NotFound (PASSKEY_NOT_FOUND), Conflict."""
        ...

    async def step_up(
        self, answer: Document, *, user_id: UserId, session_id: SessionId, client_address: str
    ) -> None:
        """Note a fresh proof. Raises NotFound (SESSION_NOT_FOUND), too."""
        ...

    async def new_options(self, user_id: UserId) -> Document:
        """Say what to ask for a new one.

        Raises Conflict (PASSKEY_QUOTA_REACHED, PASSKEYS_UNAVAILABLE, ACCOUNT_LEAVING,
        EMAIL_NOT_CONFIRMED), Forbidden.
        """
        ...

    async def add(self, answer: Document, *, user_id: UserId, name: str) -> Passkey:
        """Let a new one open the account. Raises Conflict (PASSKEY_EXISTS), InvalidRequest (name), too."""
        ...

    async def of_user(self, user_id: UserId) -> OwnPasskeys:
        """Read a person's. Raises NotFound."""
        ...

    async def rename(self, user_id: UserId, passkey_id: PasskeyId, name: str) -> Passkey:
        """Call one something else. Raises NotFound (PASSKEY_NOT_FOUND), InvalidRequest."""
        ...

    async def remove(self, user_id: UserId, passkey_id: PasskeyId) -> None:
        """Forget one. Raises NotFound (PASSKEY_NOT_FOUND), Conflict (LAST_WAY_TO_SIGN_IN)."""
        ...
