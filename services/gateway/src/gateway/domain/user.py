"""Who is calling, and what identity says about them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.identifiers import SessionId, UserId


class Role(StrEnum):
    """What a user may do beyond their own account."""

    USER = "user"
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
    role: Role
    created_at: datetime
    welcome: Welcome = Welcome.GIVEN


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The user that a verified access token or a console session speaks for."""

    user_id: UserId
    email: str
    role: Role
    expires_at: datetime
    """When the proof ends; streams end with it."""
    session_id: SessionId
    """The session at identity that the proof stands for; when it ends, so does the proof."""


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
