"""Endpoints of webhooks, and their log, in PostgreSQL: each account behind row level security."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from chassis.postgres import transaction
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.adapters.outbound.postgres.tables import (
    webhook_account_secrets,
    webhook_callbacks,
    webhook_endpoints,
)
from gateway.adapters.outbound.postgres.webhook_log import PostgresWebhookLog, found, mine
from gateway.adapters.outbound.postgres.webhook_rows import endpoint_of, no_endpoint
from gateway.adapters.outbound.webhook_secret_box import WebhookSecretBox
from gateway.domain.errors import (
    Conflict,
    IdempotencyKeyReused,
    OutOfOrder,
)
from gateway.domain.identifiers import (
    AccountId,
    CallbackId,
    GenerationId,
    WebhookEndpointId,
)
from gateway.domain.webhook import (
    ENDPOINTS_MAX,
    SECRET_OVERLAP,
    SECRET_TOLD_AGAIN,
    AddedEndpoint,
    Callback,
    DisabledReason,
    EndpointChange,
    RequestMark,
    SigningSecrets,
    WebhookEndpoint,
)

# One after another, so that two that come at once are not both the last that fits.
_TAKE_TURNS = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:account, 3))")


class PostgresWebhookEndpoints(PostgresWebhookLog):
    """Implements WebhookEndpoints."""

    def __init__(self, engine: AsyncEngine, box: WebhookSecretBox) -> None:
        super().__init__(engine)
        self._box = box

    async def add(
        self, endpoint: WebhookEndpoint, secret: str, *, mark: RequestMark | None = None
    ) -> AddedEndpoint:
        """See WebhookEndpoints."""
        row = {
            "endpoint_id": endpoint.endpoint_id,
            "account_id": endpoint.account_id,
            "url": endpoint.url,
            "event_types": sorted(endpoint.event_types),
            "description": endpoint.description,
            "secret_sealed": self._box.seal(secret),
            "created_at": endpoint.created_at,
            "request_key_digest": mark.key_digest if mark else None,
            "request_asked_digest": mark.asked_digest if mark else None,
        }
        count = sa.select(sa.func.count()).where(webhook_endpoints.c.account_id == endpoint.account_id)
        async with transaction(self._engine, endpoint.account_id) as connection:
            await connection.execute(_TAKE_TURNS, {"account": endpoint.account_id})
            if mark is not None and (first := await _marked(connection, endpoint.account_id, mark)):
                return self._added_before(first, mark, now=endpoint.created_at)
            if (await connection.scalar(count) or 0) >= ENDPOINTS_MAX:
                raise Conflict(
                    f"You have {ENDPOINTS_MAX} webhook endpoints already; delete one first.",
                    reason="TOO_MANY_WEBHOOK_ENDPOINTS",
                )
            await connection.execute(webhook_endpoints.insert().values(row))
        return AddedEndpoint(endpoint=endpoint, secret=secret)

    def _added_before(self, row: Any, mark: RequestMark, *, now: datetime) -> AddedEndpoint:
        if row.request_asked_digest != mark.asked_digest:
            raise IdempotencyKeyReused("The key came before with another endpoint.")
        is_told = row.previous_secret_sealed is None and now < row.created_at + SECRET_TOLD_AGAIN
        secrets = self._opened(row) if is_told else None
        return AddedEndpoint(
            endpoint=endpoint_of(row), secret=secrets.current if secrets else None, is_replayed=True
        )

    async def endpoints(self, account_id: AccountId) -> Sequence[WebhookEndpoint]:
        """See WebhookEndpoints."""
        own = sa.select(webhook_endpoints).where(webhook_endpoints.c.account_id == account_id)
        async with transaction(self._engine, account_id) as connection:
            rows = await connection.execute(own.order_by(webhook_endpoints.c.endpoint_id.desc()))
            return [endpoint_of(row) for row in rows]

    async def endpoint(self, account_id: AccountId, endpoint_id: WebhookEndpointId) -> WebhookEndpoint:
        """See WebhookEndpoints."""
        async with transaction(self._engine, account_id) as connection:
            return await found(connection, account_id, endpoint_id)

    async def change(
        self,
        account_id: AccountId,
        endpoint_id: WebhookEndpointId,
        change: EndpointChange,
        *,
        now: datetime,
    ) -> WebhookEndpoint:
        """See WebhookEndpoints."""
        values: dict[str, Any] = {}
        if change.url is not None:
            is_same = webhook_endpoints.c.url == change.url
            values["url"] = change.url
            values["failing_since"] = sa.case((is_same, webhook_endpoints.c.failing_since), else_=None)
        if change.event_types is not None:
            values["event_types"] = sorted(change.event_types)
        if change.description is not None:
            values["description"] = change.description
        if change.enabled is True:
            values |= {
                "disabled_reason": None,
                "disabled_at": None,
                "owner_told": True,
                "failing_since": None,
            }
        async with transaction(self._engine, account_id) as connection:
            own = mine(account_id, endpoint_id)
            if values:
                await connection.execute(webhook_endpoints.update().where(own).values(values))
            if change.enabled is False:
                off = {"disabled_reason": DisabledReason.OWNER.value, "disabled_at": now, "owner_told": True}
                on = webhook_endpoints.c.disabled_reason.is_(None)
                await connection.execute(webhook_endpoints.update().where(own, on).values(off))
            return await found(connection, account_id, endpoint_id)

    async def remove(self, account_id: AccountId, endpoint_id: WebhookEndpointId) -> None:
        """See WebhookEndpoints."""
        async with transaction(self._engine, account_id) as connection:
            gone = await connection.execute(webhook_endpoints.delete().where(mine(account_id, endpoint_id)))
        if gone.rowcount == 0:
            raise no_endpoint()

    async def rotate(
        self, account_id: AccountId, endpoint_id: WebhookEndpointId, *, fresh: str, now: datetime
    ) -> WebhookEndpoint:
        """See WebhookEndpoints."""
        values = {
            "previous_secret_sealed": webhook_endpoints.c.secret_sealed,
            "previous_secret_until": now + SECRET_OVERLAP,
            "secret_sealed": self._box.seal(fresh),
        }
        rotated = webhook_endpoints.update().where(mine(account_id, endpoint_id)).values(values)
        async with transaction(self._engine, account_id) as connection:
            row = (await connection.execute(rotated.returning(*webhook_endpoints.c))).one_or_none()
        if row is None:
            raise no_endpoint()
        return endpoint_of(row)

    async def account_secrets(self, account_id: AccountId, *, fresh: str) -> SigningSecrets:
        """See WebhookEndpoints."""
        async with transaction(self._engine, account_id) as connection:
            return await self._account_secrets(connection, account_id, fresh)

    async def rotate_account_secret(
        self, account_id: AccountId, *, fresh: str, now: datetime
    ) -> SigningSecrets:
        """See WebhookEndpoints."""
        table = webhook_account_secrets
        sealed = self._box.seal(fresh)
        statement = insert(table).values(account_id=account_id, secret_sealed=sealed)
        replaced = {
            "previous_secret_sealed": table.c.secret_sealed,
            "previous_secret_until": now + SECRET_OVERLAP,
            "secret_sealed": statement.excluded.secret_sealed,
        }
        statement = statement.on_conflict_do_update(index_elements=["account_id"], set_=replaced)
        async with transaction(self._engine, account_id) as connection:
            row = (await connection.execute(statement.returning(*table.c))).one()
        return self._opened(row)

    async def keep_callback(self, callback: Callback, *, fresh: str) -> None:
        """See WebhookEndpoints."""
        row = {
            "callback_id": callback.callback_id,
            "account_id": callback.account_id,
            "url": callback.url,
            "event_types": sorted(callback.event_types),
            "created_at": callback.created_at,
        }
        known = sa.select(webhook_callbacks.c.url, webhook_callbacks.c.event_types).where(
            webhook_callbacks.c.callback_id == callback.callback_id
        )
        async with transaction(self._engine, callback.account_id) as connection:
            await self._account_secrets(connection, callback.account_id, fresh)
            await connection.execute(insert(webhook_callbacks).values(row).on_conflict_do_nothing())
            kept = (await connection.execute(known)).one()
        if (kept.url, kept.event_types) != (row["url"], row["event_types"]):
            raise IdempotencyKeyReused("The key came before with another webhook.")

    async def tie_callback(
        self, account_id: AccountId, callback_id: CallbackId, generation_id: GenerationId
    ) -> None:
        """See WebhookEndpoints."""
        table = webhook_callbacks
        mine = sa.and_(table.c.account_id == account_id, table.c.callback_id == callback_id)
        tied = table.update().where(mine, table.c.generation_id.is_(None))
        async with transaction(self._engine, account_id) as connection:
            await connection.execute(tied.values(generation_id=generation_id))

    async def _account_secrets(
        self, connection: AsyncConnection, account_id: AccountId, fresh: str
    ) -> SigningSecrets:
        table = webhook_account_secrets
        made = insert(table).values(account_id=account_id, secret_sealed=self._box.seal(fresh))
        await connection.execute(made.on_conflict_do_nothing())
        row = (await connection.execute(sa.select(table).where(table.c.account_id == account_id))).one()
        return self._opened(row)

    def _opened(self, row: Any) -> SigningSecrets:
        secrets = self._box.opened(row.secret_sealed, row.previous_secret_sealed, row.previous_secret_until)
        if secrets is None:
            raise OutOfOrder("The signing secret can't be read.", reason="WEBHOOK_SECRET_UNREADABLE")
        return secrets


async def _marked(connection: AsyncConnection, account_id: AccountId, mark: RequestMark) -> Any:
    """Return the row that a request made before; None where it made none that is kept."""
    table = webhook_endpoints
    of_key = sa.and_(table.c.account_id == account_id, table.c.request_key_digest == mark.key_digest)
    return (await connection.execute(sa.select(table).where(of_key))).one_or_none()
