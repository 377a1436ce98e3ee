"""A profile."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.domain import user as domain


class User(Answer):
    """A profile."""

    id: Annotated[str, shown("usr_019324a1b2c37def8a9b0c1d2e3f4a5e")]
    """Stays the same for the account's life."""
    email: Annotated[str, shown("ada@example.com", maxLength=320)]
    """Where mails go; it names the account at log-in."""
    email_verified: Annotated[bool, shown(True)]
    """Whether the mailed link was followed."""
    full_name: Annotated[str, shown("Ada Lovelace", maxLength=200)]
    """Empty where none was given."""
    avatar_url: Annotated[str | None, shown("https://example.com/ada.png")]
    """A picture of the user that is elsewhere, where its address was given."""
    avatar_version: Annotated[str | None, shown("5f2b8c0d9e1a4b73")]
    """Which picture was sent in (`GET /v1/me/avatar`): another picture has another one. Null for none."""
    role: domain.Role
    """What the user may do beyond their own account."""
    welcome: domain.Welcome
    """Whether the credits for new people came, come once the address is confirmed, or never do."""
    created_at: Moment
    erased_from: Moment | None = None
    """When the account and everything in it is deleted; null where nobody asked for that."""

    @classmethod
    def of(cls, user: domain.User) -> Self:
        """Show a user."""
        return cls(
            id=user.user_id,
            email=user.email,
            email_verified=user.email_verified,
            full_name=user.full_name,
            avatar_url=user.avatar_url or None,
            avatar_version=user.avatar_version,
            role=user.role,
            welcome=user.welcome,
            created_at=user.created_at,
            erased_from=user.erased_from,
        )


class VerifiedUser(Answer):
    """Whose address was confirmed."""

    user: User

    @classmethod
    def of(cls, user: domain.User) -> Self:
        """Show whose it is."""
        return cls(user=User.of(user))
