"""Users, credentials and tokens, as identity keeps them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.domain.administration import OwnRecord
from gateway.domain.api_key import ApiKey, KeyTerms, NewApiKey
from gateway.domain.avatar import Avatar
from gateway.domain.client import UNKNOWN_CLIENT, Client
from gateway.domain.identifiers import ApiKeyId, KeyDigest, SessionId, UserId
from gateway.domain.own_session import OwnSession
from gateway.domain.page import Page
from gateway.domain.second_factor import FactorSecret, SecondFactor
from gateway.domain.user import Principal, SignedIn, User

SESSION_IDS_MAX = 500
KEY_DIGESTS_MAX = 500


class Identity(Protocol):
    """Every method has a deadline and raises errors of `gateway.domain.errors`."""

    async def sign_up(
        self,
        *,
        email: str,
        password: str,
        full_name: str,
        client: Client = UNKNOWN_CLIENT,
        invitation: str | None = None,
        captcha_token: str | None = None,
    ) -> SignedIn:
        """Open an account.

        Raises InvalidRequest (WEAK_PASSWORD, INVALID_EMAIL, EMAIL_DOMAIN_NOT_ALLOWED,
        CAPTCHA_FAILED), Unavailable (CAPTCHA_UNAVAILABLE), Conflict (EMAIL_TAKEN),
        Forbidden (SIGN_UP_CLOSED, INVITATION_REQUIRED), RateLimited.
        """
        ...

    async def log_in(
        self,
        *,
        email: str,
        password: str,
        client: Client = UNKNOWN_CLIENT,
        device_tokens: Sequence[str] = (),
    ) -> SignedIn:
        """Open a session; a device that shows a token of its owner's is counted apart from strangers.

        Raises Unauthenticated (INVALID_CREDENTIALS), SecondFactorRequired, RateLimited.
        """
        ...

    async def complete_log_in(
        self, *, challenge: str, code: str, client: Client = UNKNOWN_CLIENT
    ) -> SignedIn:
        """End a sign-in that waits for a code.

        Raises InvalidRequest (WRONG_CODE), Unauthenticated (CHALLENGE_ENDED), RateLimited.
        """
        ...

    async def begin_second_factor(
        self, user_id: UserId, *, password: str, client_address: str
    ) -> FactorSecret:
        """Make a secret for an app.

        Raises InvalidRequest (WRONG_PASSWORD), Conflict (SECOND_FACTOR_ON, SECOND_FACTORS_OFF,
        EMAIL_NOT_CONFIRMED), RateLimited.
        """
        ...

    async def confirm_second_factor(self, user_id: UserId, *, code: str, client_address: str) -> list[str]:
        """Turn the factor on; returns recovery codes. Raises InvalidRequest (WRONG_CODE), Conflict."""
        ...

    async def remove_second_factor(
        self, user_id: UserId, *, password: str, code: str, client_address: str
    ) -> None:
        """Turn the factor off. Raises InvalidRequest (WRONG_PASSWORD, WRONG_CODE), RateLimited."""
        ...

    async def second_factor(self, user_id: UserId) -> SecondFactor:
        """Say how the factor stands. Raises NotFound."""
        ...

    async def refresh(self, refresh_token: str, client: Client = UNKNOWN_CLIENT) -> SignedIn:
        """Trade a refresh token for a new pair, once, and note where it is used. Raises Unauthenticated."""
        ...

    async def log_out(self, refresh_token: str) -> None:
        """End the token's session; nothing happens when it has ended."""
        ...

    async def open_sessions(self, session_ids: Sequence[SessionId]) -> frozenset[SessionId]:
        """Those of these sessions, at most SESSION_IDS_MAX, that still stand."""
        ...

    async def sessions_of(self, user_id: UserId) -> list[OwnSession]:
        """Read a person's open sessions, at most 100, those that were used last first. Raises NotFound."""
        ...

    async def own_records(self, user_id: UserId, *, cursor: str | None, limit: int) -> Page[OwnRecord]:
        """List what people with a role and operators did about a person, for that person, newest first."""
        ...

    async def end_session(self, user_id: UserId, session_id: SessionId) -> None:
        """End a session; nothing happens when it has ended. Raises NotFound (SESSION_NOT_FOUND)."""
        ...

    async def end_other_sessions(self, user_id: UserId, kept: SessionId) -> int:
        """End all sessions but one; returns how many ended. Raises NotFound (SESSION_NOT_FOUND)."""
        ...

    async def step_up(
        self,
        user_id: UserId,
        session_id: SessionId,
        *,
        password: str | None,
        code: str | None,
        client_address: str,
    ) -> None:
        """Note a fresh proof. Raises InvalidRequest (WRONG_PASSWORD, WRONG_CODE), NotFound, RateLimited."""
        ...

    async def require_proof(self, user_id: UserId, session_id: SessionId) -> None:
        """Return where a session's proof is fresh. Raises Forbidden (STEP_UP_REQUIRED), NotFound."""
        ...

    async def create_api_key(self, user_id: UserId, terms: KeyTerms, *, idempotency_key: str) -> NewApiKey:
        """Make a key, once for each idempotency key.

        Raises InvalidRequest, IdempotencyKeyReused, Conflict (API_KEY_QUOTA_REACHED, ACCOUNT_LEAVING),
        Forbidden (USER_DISABLED).
        """
        ...

    async def api_keys(self, user_id: UserId) -> list[ApiKey]:
        """Read the keys that were not revoked, the newest first."""
        ...

    async def revoke_api_key(self, user_id: UserId, key_id: ApiKeyId) -> None:
        """End a key; nothing happens when it has ended. Raises NotFound (API_KEY_NOT_FOUND)."""
        ...

    async def standing_api_keys(self, digests: Sequence[KeyDigest]) -> Mapping[KeyDigest, Principal]:
        """Those of these keys, at most KEY_DIGESTS_MAX, that are good, and whom they speak for."""
        ...

    async def user(self, user_id: UserId) -> User:
        """Read a profile. Raises NotFound."""
        ...

    async def update_profile(self, user_id: UserId, *, full_name: str | None, avatar_url: str | None) -> User:
        """Change a profile; None leaves a field as it is. Raises InvalidRequest."""
        ...

    async def set_avatar(self, user_id: UserId, picture: bytes) -> User:
        """Keep a picture in the place of the one that there was and of an address.

        Raises NotFound, and InvalidRequest for what is no WebP of at most 64 KiB.
        """
        ...

    async def avatar(self, user_id: UserId) -> Avatar:
        """Read the picture that was sent in. Raises NotFound (AVATAR_NOT_FOUND)."""
        ...

    async def remove_avatar(self, user_id: UserId) -> User:
        """Delete it; nothing happens where there is none. Raises NotFound."""
        ...

    async def request_erasure(self, user_id: UserId) -> User:
        """Have the account deleted when the time to think again is over. Raises NotFound."""
        ...

    async def take_back_erasure(self, user_id: UserId) -> User:
        """Keep the account after all. Raises NotFound."""
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

    async def request_email_change(
        self, user_id: UserId, *, email: str, password: str, client_address: str
    ) -> None:
        """Mail a link to another address, and one to the old address by which it is kept.

        Raises InvalidRequest (WRONG_PASSWORD, INVALID_EMAIL, INVALID_FIELD), RateLimited.
        """
        ...

    async def change_email(self, token: str) -> None:
        """Make an address the account's by the token mailed there. Raises InvalidRequest, Conflict."""
        ...

    async def keep_email(self, token: str) -> None:
        """Make the old address the account's again and end its sessions. Raises InvalidRequest, Conflict."""
        ...

    async def jwks(self) -> str:
        """Return the public keys of access tokens, as a JSON Web Key Set."""
        ...
