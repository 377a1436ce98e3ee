"""Invitations: nobody's rows, in the system scope."""

from dataclasses import dataclass

from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from identity.adapters.outbound.postgres.tables import invitations
from identity.domain.secret import SecretDigest
from identity.domain.sign_up_policy import Invitation
from identity.domain.user import EmailAddress


@dataclass(frozen=True)
class PostgresInvitations:
    """One statement each; implements Invitations."""

    engine: AsyncEngine

    async def put(self, invitation: Invitation) -> None:
        """See Invitations."""
        values = {
            "email": invitation.email.lower(),
            "token_digest": invitation.token_digest,
            "invited_at": invitation.invited_at,
            "expires_at": invitation.expires_at,
        }
        put = insert(invitations).values(values)
        put = put.on_conflict_do_update(index_elements=[invitations.c.email], set_=values)
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            await connection.execute(put)

    async def find(self, email: EmailAddress) -> Invitation | None:
        """See Invitations."""
        query = select(invitations).where(invitations.c.email == func.lower(email))
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        return Invitation(
            email=EmailAddress(row["email"]),
            token_digest=SecretDigest(bytes(row["token_digest"])),
            invited_at=row["invited_at"],
            expires_at=row["expires_at"],
        )

    async def remove(self, email: EmailAddress) -> None:
        """See Invitations."""
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            await connection.execute(delete(invitations).where(invitations.c.email == func.lower(email)))
