"""A person with an account."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType

from identity.domain.errors import StillAdministrator, UserDisabled, UserLeaving
from identity.domain.identifiers import UserId
from identity.domain.sign_in_errors import EmailNotConfirmed
from identity.domain.welcome import Welcome

EmailAddress = NewType("EmailAddress", str)
"""An address whose syntax was checked at the edge; compared without regard to case."""

PasswordHash = NewType("PasswordHash", str)


class Role(StrEnum):
    """What a user may do; the value is the claim in access tokens."""

    USER = "user"
    SUPPORT = "support"
    """Reads what an administrator reads, and changes nothing."""
    ADMIN = "admin"

    def does_less_than(self, other: "Role") -> bool:
        """Whether somebody with the other role loses something by getting this one."""
        order = (Role.USER, Role.SUPPORT, Role.ADMIN)
        return order.index(self) < order.index(other)


@dataclass(frozen=True, kw_only=True)
class User:
    """One user; without a password hash only a password reset opens the door."""

    user_id: UserId
    email: EmailAddress
    password_hash: PasswordHash | None
    full_name: str
    created_at: datetime
    avatar_url: str | None = None
    """Of a picture that is elsewhere."""
    avatar_version: str | None = None
    """Which picture is kept here; None where none is."""
    role: Role = Role.USER
    email_verified_at: datetime | None = None
    disabled_at: datetime | None = None
    welcome: Welcome = Welcome.NONE
    erased_from: datetime | None = None
    """When the account is erased; None where nobody asked for it."""
    erasure_revision: int = 0
    """How often that was asked for or taken back."""

    @property
    def email_verified(self) -> bool:
        """Whether the user proved to read mail at this address."""
        return self.email_verified_at is not None

    @property
    def takes_news(self) -> bool:
        """Whether news may be mailed: the address is proven to be the user's, and the account is open."""
        return self.email_verified and self.disabled_at is None

    def require_confirmed(self) -> None:
        """Raise EmailNotConfirmed while nobody has shown to read mail at the address."""
        if not self.email_verified:
            raise EmailNotConfirmed

    def require_enabled(self) -> None:
        """Raise UserDisabled when an administrator closed the account."""
        if self.disabled_at is not None:
            raise UserDisabled

    def disabled(self, now: datetime) -> "User":
        """Return the user with a closed account; the first closing's time stays."""
        return self if self.disabled_at else replace(self, disabled_at=now)

    def enabled(self) -> "User":
        """Return the user with an open account."""
        return replace(self, disabled_at=None)

    @property
    def is_standing_admin(self) -> bool:
        """Whether the user can act as an administrator."""
        return self.role is Role.ADMIN and self.disabled_at is None

    def leaving(self, erased_from: datetime) -> "User":
        """Return the user whose account is erased from then on; what was asked for first counts."""
        return self if self.erased_from else self._with_erasure(erased_from)

    def staying(self) -> "User":
        """Return the user whose account is not erased."""
        return self._with_erasure(None) if self.erased_from else self

    def _with_erasure(self, erased_from: datetime | None) -> "User":
        return replace(self, erased_from=erased_from, erasure_revision=self.erasure_revision + 1)

    def require_staying(self) -> None:
        """Raise UserLeaving while the account is about to be erased."""
        if self.erased_from is not None:
            raise UserLeaving(self.erased_from)

    def require_no_administrator(self) -> None:
        """Raise StillAdministrator where the account's end could leave nobody to give roles."""
        if self.role is Role.ADMIN:
            raise StillAdministrator

    def with_role(self, role: Role) -> "User":
        """Return the user with another role."""
        return replace(self, role=role)

    def verified(self, now: datetime) -> "User":
        """Return the user with a proven address; the first proof's time stays."""
        return self if self.email_verified else replace(self, email_verified_at=now)

    def with_email(self, email: EmailAddress, now: datetime) -> "User":
        """Return the user with another address, where they read mail."""
        return replace(self, email=email, email_verified_at=now if self.email_verified else None)

    def with_password(self, password_hash: PasswordHash) -> "User":
        """Return the user with another password."""
        return replace(self, password_hash=password_hash)
