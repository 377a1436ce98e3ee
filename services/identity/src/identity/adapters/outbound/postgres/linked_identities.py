"""Identities that open an account, and those that wait to."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.adapters.outbound.postgres.tables import linked_identities, waiting_links
from identity.domain.identifiers import LinkId, UserId
from identity.domain.linked_identity import LinkedIdentity, WaitingLink
from identity.domain.secret import SecretDigest
from identity.domain.sign_in_errors import (
    IdentityLinkedElsewhere,
    LinkExpired,
    LinkNotFound,
    ProviderLinkedAlready,
)
from identity.domain.user import EmailAddress

_IDENTITY_KEY, _PROVIDER_KEY = "linked_identities_identity_key", "linked_identities_provider_key"


@dataclass(frozen=True)
class PostgresLinkedIdentities:
    """Rows of one account; implements LinkedIdentities."""

    connection: AsyncConnection

    async def add(self, linked: LinkedIdentity) -> None:
        """See LinkedIdentities."""
        try:
            await self.connection.execute(insert(linked_identities).values(asdict(linked)))
        except IntegrityError as error:
            if _IDENTITY_KEY in str(error.orig):
                raise IdentityLinkedElsewhere from None
            if _PROVIDER_KEY in str(error.orig):
                raise ProviderLinkedAlready from None
            raise

    async def of_user(self, user_id: UserId) -> list[LinkedIdentity]:
        """See LinkedIdentities."""
        query = (
            select(linked_identities)
            .where(linked_identities.c.user_id == user_id)
            .order_by(linked_identities.c.linked_at, linked_identities.c.link_id)
        )
        return [_linked(row) for row in (await self.connection.execute(query)).mappings()]

    async def remove(self, user_id: UserId, link_id: LinkId) -> None:
        """See LinkedIdentities."""
        removed = await self.connection.execute(
            delete(linked_identities).where(
                linked_identities.c.user_id == user_id, linked_identities.c.link_id == link_id
            )
        )
        if not removed.rowcount:
            raise LinkNotFound

    async def wait(self, waiting: WaitingLink) -> None:
        """See LinkedIdentities."""
        await self.connection.execute(insert(waiting_links).values(asdict(waiting)))

    async def lock_waiting(self, token_digest: SecretDigest) -> WaitingLink:
        """See LinkedIdentities."""
        query = select(waiting_links).where(waiting_links.c.token_digest == token_digest).with_for_update()
        row = (await self.connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise LinkExpired
        return _waiting(row)

    async def mark_used(self, token_digest: SecretDigest, now: datetime) -> None:
        """See LinkedIdentities."""
        await self.connection.execute(
            update(waiting_links).where(waiting_links.c.token_digest == token_digest).values(used_at=now)
        )


def _linked(row: RowMapping) -> LinkedIdentity:
    return LinkedIdentity(
        link_id=LinkId(row["link_id"]),
        user_id=UserId(row["user_id"]),
        issuer=row["issuer"],
        subject=row["subject"],
        email=_email(row),
        linked_at=row["linked_at"],
    )


def _waiting(row: RowMapping) -> WaitingLink:
    return WaitingLink(
        token_digest=SecretDigest(bytes(row["token_digest"])),
        user_id=UserId(row["user_id"]),
        issuer=row["issuer"],
        subject=row["subject"],
        email=_email(row),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
    )


def _email(row: RowMapping) -> EmailAddress | None:
    return EmailAddress(row["email"]) if row["email"] is not None else None
