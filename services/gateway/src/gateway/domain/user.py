"""Who is calling, and what identity says about them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from gateway.domain.api_key import KeyGrant
from gateway.domain.errors import Conflict
from gateway.domain.identifiers import ModelId, SessionId, UserId

NEVER = datetime.max.replace(tzinfo=UTC)
"""When a proof ends that does not."""


class Role(StrEnum):
    """What a user may do beyond their own account."""

    USER = "user"
    SUPPORT = "support"
    """Reads what an administrator reads, and changes nothing."""
    ADMIN = "admin"


class Welcome(StrEnum):
    """What became of the credits that a new person is welcomed with."""

    PENDING = "pending"
    """They come once the address is confirmed."""
    GIVEN = "given"
    NONE = "none"
    """The mailbox was welcomed before, under whatever alias."""


@dataclass(frozen=True, kw_only=True)
class User:
    """One user's profile."""

    user_id: UserId
    email: str
    email_verified: bool
    full_name: str
    avatar_url: str
    """Of a picture that is elsewhere; empty for none."""
    role: Role
    created_at: datetime
    welcome: Welcome = Welcome.GIVEN
    avatar_version: str | None = None
    """Which picture was sent in; None where none was."""
    erased_from: datetime | None = None
    """When the account is deleted; None where nobody asked for it."""

    def require_staying(self) -> None:
        """Raise Conflict while the account is about to be deleted: what is begun would be lost with it."""
        if self.erased_from is not None:
            raise Conflict(
                f"This account is deleted on {self.erased_from:%d %B %Y}. Take that back first.",
                reason="ACCOUNT_LEAVING",
            )


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The user that a verified access token, a console session or an API key speaks for."""

    user_id: UserId
    email: str
    role: Role
    expires_at: datetime
    """When the proof ends; streams end with it."""
    session_id: SessionId | None
    """The session at identity that the proof stands for; when it ends, so does the proof. None for a key."""
    key: KeyGrant | None = None
    """What the key allows that the request came with; None for a person, who may do everything of theirs."""

    def require_model(self, model_id: ModelId) -> None:
        """Raise Forbidden for a model that the key may not run."""
        if self.key is not None:
            self.key.require_model(model_id)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """A session at identity: a short-lived access token and the single-use token that replaces it."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    refresh_expires_at: datetime
    session_id: SessionId
    """What both tokens belong to; it stays the same from refresh to refresh."""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """What sign-up, login and refresh answer."""

    user: User
    tokens: Tokens
    device_token: str | None = None
    """By which the device is known at the next log-in; None where it has one already."""
