"""The log of webhooks in PostgreSQL: what was sent, and what can be sent again."""

import re
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from chassis.postgres import transaction
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.adapters.outbound.postgres.tables import webhook_callbacks, webhook_deliveries, webhook_endpoints
from gateway.adapters.outbound.postgres.webhook_rows import (
    delivery_of,
    delivery_values,
    endpoint_of,
    no_delivery,
    no_endpoint,
)
from gateway.domain.errors import Conflict, FieldProblem, InvalidRequest
from gateway.domain.identifiers import AccountId, DeliveryId, GenerationId, WebhookEndpointId
from gateway.domain.page import Page
from gateway.domain.webhook import WebhookDelivery, WebhookEndpoint

_CURSOR = re.compile(r"dlv_[0-9a-f]{32}")


class PostgresWebhookLog:
    """Implements the log of WebhookEndpoints."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def deliveries(
        self,
        account_id: AccountId,
        endpoint_id: WebhookEndpointId | None,
        *,
        generation_id: GenerationId | None = None,
        cursor: str | None,
        limit: int,
    ) -> Page[WebhookDelivery]:
        """See WebhookEndpoints."""
        if cursor is not None and not _CURSOR.fullmatch(cursor):
            raise InvalidRequest("That is no cursor.", fields=[FieldProblem("cursor", "is no cursor")])
        part = _LOG.where(*_logged(account_id, endpoint_id))
        if generation_id is not None:
            part = part.where(webhook_callbacks.c.generation_id == generation_id)
        if cursor is not None:
            part = part.where(webhook_deliveries.c.delivery_id < cursor)
        newest = part.order_by(webhook_deliveries.c.delivery_id.desc()).limit(limit + 1)
        async with transaction(self._engine, account_id) as connection:
            if endpoint_id is not None:
                await found(connection, account_id, endpoint_id)
            sent = [delivery_of(row) for row in await connection.execute(newest)]
        more = len(sent) > limit
        return Page(items=sent[:limit], next_cursor=sent[limit - 1].delivery_id if more else None)

    async def add_delivery(self, delivery: WebhookDelivery) -> None:
        """See WebhookEndpoints."""
        async with transaction(self._engine, delivery.account_id) as connection:
            await found(connection, delivery.account_id, delivery.endpoint_id)
            await connection.execute(webhook_deliveries.insert().values(delivery_values(delivery)))

    async def redeliver(
        self,
        account_id: AccountId,
        endpoint_id: WebhookEndpointId | None,
        delivery_id: DeliveryId,
        *,
        now: datetime,
    ) -> WebhookDelivery:
        """See WebhookEndpoints."""
        table = webhook_deliveries
        own = sa.and_(*_logged(account_id, endpoint_id), table.c.delivery_id == delivery_id)
        idle = sa.or_(table.c.taken_until.is_(None), table.c.taken_until <= now)
        values = {"state": "pending", "attempts": 0, "due_at": now, "taken_until": None, "finished_at": None}
        async with transaction(self._engine, account_id) as connection:
            if endpoint_id is not None:
                await found(connection, account_id, endpoint_id)
            again = await connection.execute(table.update().where(own, idle).values(values))
            row = (await connection.execute(_LOG.where(own))).one_or_none()
        if row is None:
            raise no_delivery()
        if again.rowcount == 0:
            raise Conflict("It is being sent right now.", reason="WEBHOOK_DELIVERY_RUNNING")
        return delivery_of(row)


# With the generation that the webhook of one request is about.
_LOG = sa.select(webhook_deliveries, webhook_callbacks.c.generation_id).select_from(
    webhook_deliveries.outerjoin(
        webhook_callbacks, webhook_callbacks.c.callback_id == webhook_deliveries.c.callback_id
    )
)


def _logged(account_id: AccountId, endpoint_id: WebhookEndpointId | None) -> Sequence[sa.ColumnElement[bool]]:
    """Return what is so of a log; without an endpoint of that of the webhooks of single requests."""
    of_endpoint = webhook_deliveries.c.endpoint_id
    return (
        webhook_deliveries.c.account_id == account_id,
        of_endpoint.is_(None) if endpoint_id is None else of_endpoint == endpoint_id,
    )


def mine(account_id: AccountId, endpoint_id: WebhookEndpointId | None) -> sa.ColumnElement[bool]:
    """Return what is so of one endpoint."""
    return sa.and_(
        webhook_endpoints.c.account_id == account_id, webhook_endpoints.c.endpoint_id == endpoint_id
    )


async def found(
    connection: AsyncConnection, account_id: AccountId, endpoint_id: WebhookEndpointId | None
) -> WebhookEndpoint:
    """Return an endpoint. Raises NotFound."""
    statement = sa.select(webhook_endpoints).where(mine(account_id, endpoint_id))
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise no_endpoint()
    return endpoint_of(row)
