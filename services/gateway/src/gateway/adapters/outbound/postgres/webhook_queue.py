"""The queue of webhooks in PostgreSQL: claimed row by row, by as many processes as there are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from chassis import round_trips
from chassis.claims import first_unclaimed
from chassis.dead_letters import DeadLetters
from chassis.ids import new_id
from chassis.inbox import first_time
from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.adapters.outbound.postgres.tables import (
    inbox,
    webhook_account_secrets,
    webhook_callbacks,
    webhook_deliveries,
    webhook_endpoints,
)
from gateway.adapters.outbound.postgres.wanted_webhooks import WantedWebhooks
from gateway.adapters.outbound.postgres.webhook_rows import (
    attempt_values,
    delivery_of,
    endpoint_of,
    receiver_of,
)
from gateway.adapters.outbound.webhook_secret_box import WebhookSecretBox
from gateway.domain.identifiers import AccountId, FactId, WebhookEndpointId
from gateway.domain.webhook import (
    Attempt,
    ClaimedDelivery,
    DeliveryState,
    Settlement,
    WebhookEndpoint,
    WebhookMessage,
    disabled_by,
)

CONSUMER = "webhooks"
_IS_DUE = """
    SELECT EXISTS (
        SELECT FROM webhook_deliveries
        WHERE state = 'pending' AND due_at <= %(now)s AND (taken_until IS NULL OR taken_until <= %(now)s)
    ) AS is_due
"""
# Everything that is due, in turns: of each receiver no more than what is left beside those being tried.
# The rows are locked by a statement of their own, which looks at each once more: two that choose the same row
# at the same time do not both get it.
_CLAIM = sa.text(
    """
    WITH due AS (
        SELECT delivery_id, receiver, due_at,
            row_number() OVER (PARTITION BY receiver ORDER BY due_at, delivery_id) AS place
        FROM webhook_deliveries
        WHERE state = 'pending' AND due_at <= :now AND (taken_until IS NULL OR taken_until <= :now)
    ), busy AS (
        SELECT receiver, count(*) AS taken FROM webhook_deliveries
        WHERE state = 'pending' AND taken_until > :now GROUP BY receiver
    ), chosen AS (
        SELECT delivery_id FROM due LEFT JOIN busy USING (receiver)
        WHERE place + coalesce(taken, 0) <= :per_receiver_max
        ORDER BY due_at, delivery_id LIMIT :count_max
    ), locked AS (
        SELECT delivery_id FROM webhook_deliveries
        WHERE delivery_id IN (SELECT delivery_id FROM chosen)
            AND state = 'pending' AND due_at <= :now AND (taken_until IS NULL OR taken_until <= :now)
        FOR UPDATE SKIP LOCKED
    )
    UPDATE webhook_deliveries SET taken_until = :until, attempts = attempts + 1
    WHERE delivery_id IN (SELECT delivery_id FROM locked)
    RETURNING delivery_id
    """
)


class PostgresWebhookQueue:
    """Implements WebhookQueue, in the system's scope."""

    def __init__(self, engine: AsyncEngine, box: WebhookSecretBox) -> None:
        self._engine = engine
        self._box = box
        self._wanted = WantedWebhooks(engine)

    async def record(self, fact_id: FactId, message: WebhookMessage, *, now: datetime) -> int:
        """See WebhookQueue."""
        if not await self._wanted.may_be(message):
            return 0
        async with transaction(self._engine, message.account_id) as connection:
            rows = [*await _to_endpoints(connection, message), *await _to_callback(connection, message)]
            # Of an account that wants nothing of it, nothing is kept.
            if not rows or not await first_time(connection, inbox, consumer=CONSUMER, event_id=fact_id):
                return 0
            common = {
                "account_id": message.account_id,
                "message_id": message.message_id,
                "event_type": message.event_type,
                "payload": message.payload,
                "state": DeliveryState.PENDING.value,
                "attempts": 0,
                "due_at": now,
                "created_at": now,
            }
            values = [common | {"delivery_id": new_id("dlv")} | row for row in rows]
            added = insert(webhook_deliveries).values(values).on_conflict_do_nothing()
            return len((await connection.execute(added.returning(webhook_deliveries.c.delivery_id))).all())

    async def claim(
        self, *, now: datetime, until: datetime, count_max: int, per_receiver_max: int
    ) -> Sequence[ClaimedDelivery]:
        """See WebhookQueue. Nearly always a look says that there is none to claim."""
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            (look,) = await round_trips.require(connection).ask_and_commit(_IS_DUE, {"now": now})
        if not look.is_due:
            return []
        asked = {"now": now, "until": until, "count_max": count_max, "per_receiver_max": per_receiver_max}
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            taken = (await connection.execute(_CLAIM, asked)).scalars().all()
            if not taken:
                return []
            rows = (await connection.execute(_whole(taken))).all()
        return [self._claimed(row) for row in rows]

    async def settle(
        self,
        claimed: ClaimedDelivery,
        attempt: Attempt,
        settlement: Settlement,
        *,
        now: datetime,
        failing_max: timedelta,
    ) -> bool:
        """See WebhookQueue."""
        delivery, table = claimed.delivery, webhook_deliveries
        # The number of the attempt tells whoever was late: the delivery was taken again meanwhile.
        mine = sa.and_(
            table.c.delivery_id == delivery.delivery_id,
            table.c.state == DeliveryState.PENDING.value,
            table.c.attempts == delivery.attempts,
            table.c.taken_until.is_not(None),
        )
        is_over = settlement.state is not DeliveryState.PENDING
        values = {
            "state": settlement.state.value,
            "due_at": settlement.next_attempt_at,
            "finished_at": now if is_over else None,
            "taken_until": None,
            **attempt_values(attempt),
        }
        async with transaction(self._engine, delivery.account_id) as connection:
            kept = await connection.execute(table.update().where(mine).values(values))
            if kept.rowcount == 0:
                return False
            if delivery.endpoint_id is not None and claimed.is_wanted:
                await _follow(connection, delivery.endpoint_id, attempt, now=now, failing_max=failing_max)
        return True

    async def untold(self, *, after: WebhookEndpointId | None, count_max: int) -> Sequence[WebhookEndpoint]:
        """See WebhookQueue."""
        ends = webhook_endpoints
        later = sa.and_(sa.not_(ends.c.owner_told), ends.c.endpoint_id > (after or ""))
        statement = sa.select(ends).where(later).order_by(ends.c.endpoint_id).limit(count_max)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            return [endpoint_of(row) for row in await connection.execute(statement)]

    async def mark_told(self, endpoint: WebhookEndpoint) -> None:
        """See WebhookQueue."""
        ends = webhook_endpoints
        this_time = sa.and_(
            ends.c.endpoint_id == endpoint.endpoint_id, ends.c.disabled_at == endpoint.disabled_at
        )
        async with transaction(self._engine, endpoint.account_id) as connection:
            await connection.execute(ends.update().where(this_time).values(owner_told=True))

    async def purge(self, *, before: datetime, count_max: int) -> int:
        """See WebhookQueue."""
        purged, sent, asked = 0, webhook_deliveries, webhook_callbacks
        # What is logged of one may be newer than itself: it was sent again by hand.
        is_logged = sa.exists().where(sent.c.callback_id == asked.c.callback_id)
        old = (
            (sent, sent.c.delivery_id, sent.c.finished_at < before),
            (asked, asked.c.callback_id, sa.and_(asked.c.created_at < before, sa.not_(is_logged))),
        )
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            for table, key, due in old:
                some = first_unclaimed(key, due=due, limit=count_max)
                purged += (await connection.execute(table.delete().where(some))).rowcount
        return purged

    async def forget(self, account_id: AccountId) -> None:
        """See WebhookQueue."""
        async with transaction(self._engine, account_id) as connection:
            for table in (
                webhook_deliveries,
                webhook_callbacks,
                webhook_endpoints,
                webhook_account_secrets,
            ):
                await connection.execute(table.delete().where(table.c.account_id == account_id))
        await DeadLetters(self._engine).forget(account_id)

    def _claimed(self, row: Any) -> ClaimedDelivery:
        secrets = self._box.opened(row.secret_sealed, row.previous_secret_sealed, row.previous_secret_until)
        return ClaimedDelivery(
            delivery=delivery_of(row), secrets=secrets, is_wanted=row.disabled_reason is None
        )


def _whole(delivery_ids: Sequence[str]) -> sa.Select[Any]:
    """Return the query for deliveries with what signs them, to the address that an endpoint has now."""
    table, ends, own = webhook_deliveries, webhook_endpoints, webhook_account_secrets
    columns = [column for column in table.c if column.name != "url"]
    sealed = [
        sa.case((table.c.endpoint_id.is_not(None), ends.c[name]), else_=own.c[name]).label(name)
        for name in ("secret_sealed", "previous_secret_sealed", "previous_secret_until")
    ]
    url = sa.func.coalesce(ends.c.url, table.c.url).label("url")
    return (
        sa.select(*columns, url, ends.c.disabled_reason, *sealed)
        .outerjoin(ends, ends.c.endpoint_id == table.c.endpoint_id)
        .outerjoin(own, own.c.account_id == table.c.account_id)
        .where(table.c.delivery_id.in_(delivery_ids))
        .order_by(table.c.due_at, table.c.delivery_id)
    )


async def _to_endpoints(connection: AsyncConnection, message: WebhookMessage) -> list[dict[str, Any]]:
    ends = webhook_endpoints
    wanting = sa.select(ends.c.endpoint_id, ends.c.url).where(
        ends.c.account_id == message.account_id,
        ends.c.disabled_reason.is_(None),
        sa.literal(message.event_type) == sa.any_(ends.c.event_types),
    )
    return [
        {
            "endpoint_id": row.endpoint_id,
            "callback_id": None,
            "receiver": row.endpoint_id,
            "url": row.url,
        }
        for row in await connection.execute(wanting)
    ]


async def _to_callback(connection: AsyncConnection, message: WebhookMessage) -> list[dict[str, Any]]:
    if message.generation_id is None:
        return []
    calls = webhook_callbacks
    wanting = sa.select(calls.c.callback_id, calls.c.url).where(
        calls.c.account_id == message.account_id,
        calls.c.generation_id == message.generation_id,
        sa.literal(message.event_type) == sa.any_(calls.c.event_types),
    )
    return [
        {
            "endpoint_id": None,
            "callback_id": row.callback_id,
            "receiver": receiver_of(message.account_id, row.url),
            "url": row.url,
        }
        for row in await connection.execute(wanting)
    ]


async def _follow(
    connection: AsyncConnection,
    endpoint_id: WebhookEndpointId,
    attempt: Attempt,
    *,
    now: datetime,
    failing_max: timedelta,
) -> None:
    """Note how the endpoint does, and disable it when that has come to an end."""
    mine = webhook_endpoints.c.endpoint_id == endpoint_id
    locked = sa.select(webhook_endpoints).where(mine).with_for_update()
    row = (await connection.execute(locked)).one_or_none()
    if row is None or row.disabled_reason is not None:
        return
    endpoint = endpoint_of(row)
    values: dict[str, Any] = {}
    if attempt.is_delivered and endpoint.failing_since is not None:
        values = {"failing_since": None}
    elif not attempt.is_delivered and endpoint.failing_since is None:
        values = {"failing_since": now}
    if reason := disabled_by(endpoint, attempt, now=now, failing_max=failing_max):
        values |= {"disabled_reason": reason.value, "disabled_at": now, "owner_told": False}
    if values:
        await connection.execute(webhook_endpoints.update().where(mine).values(values))
