"""The queue of outgoing mail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis import round_trips
from chassis.claims import first_unclaimed
from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import and_, update
from sqlalchemy.ext.asyncio import AsyncEngine

from identity.adapters.outbound.postgres import rows
from identity.adapters.outbound.postgres.tables import outgoing_mail
from identity.domain.mail import Mail, MailState

_IS_DUE = "SELECT EXISTS (SELECT FROM outgoing_mail WHERE state = %s AND due_at <= %s) AS is_due"


@dataclass(frozen=True)
class PostgresMailQueue:
    """Leases mails, so that no transaction is open while one is sent; implements MailQueue."""

    engine: AsyncEngine

    async def claim(self, *, now: datetime, until: datetime, limit: int) -> list[Mail]:
        """See MailQueue. Nearly always a look says that there is none to claim."""
        if not await self._is_due(now):
            return []
        free = first_unclaimed(
            outgoing_mail.c.mail_id,
            due=and_(outgoing_mail.c.state == MailState.QUEUED, outgoing_mail.c.due_at <= now),
            order_by=outgoing_mail.c.due_at,
            limit=limit,
        )
        claim = (
            update(outgoing_mail)
            .where(free)
            .values(due_at=until, attempts=outgoing_mail.c.attempts + 1)
            .returning(outgoing_mail)
        )
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            claimed = [rows.mail(row) for row in (await connection.execute(claim)).mappings()]
        return sorted(claimed, key=lambda mail: mail.mail_id)

    async def _is_due(self, now: datetime) -> bool:
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            look = round_trips.require(connection).ask_and_commit(_IS_DUE, [MailState.QUEUED.value, now])
            (row,) = await look
        return bool(row.is_due)

    async def finish(self, mail: Mail, state: MailState, now: datetime) -> None:
        """See MailQueue."""
        await self._change(mail, state=state, finished_at=now, token="")

    async def postpone(self, mail: Mail, due_at: datetime) -> None:
        """See MailQueue."""
        await self._change(mail, due_at=due_at)

    async def _change(self, mail: Mail, **values: Any) -> None:
        async with transaction(self.engine, mail.user_id) as connection:
            await connection.execute(
                update(outgoing_mail)
                .where(outgoing_mail.c.mail_id == mail.mail_id, outgoing_mail.c.state == MailState.QUEUED)
                .values(values)
            )
