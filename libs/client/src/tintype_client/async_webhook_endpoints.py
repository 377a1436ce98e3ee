"""Webhook endpoints for the client for asyncio."""

from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import TypeVar

from tintype_client import webhook_operations as operations
from tintype_client.async_wire import AsyncWire
from tintype_client.messages import Call
from tintype_client.operations import Filters
from tintype_client.steps import Retries, done
from tintype_client.webhook_answers import (
    NewWebhookEndpoint,
    RequestWebhookDelivery,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSigningSecret,
)

T = TypeVar("T")


class AsyncWebhooks:
    """Where an account is told what happens; `Webhooks` is its twin."""

    def __init__(self, wire: AsyncWire, retries: Retries) -> None:
        self._wire = wire
        self._retries = retries

    async def list(self) -> tuple[WebhookEndpoint, ...]:
        """Return the account's endpoints, newest first."""
        return await self._do(operations.list_endpoints())

    async def create(
        self,
        url: str,
        event_types: Iterable[str],
        *,
        description: str = "",
        idempotency_key: str | None = None,
    ) -> NewWebhookEndpoint:
        """Add an endpoint: an https address, and what it is told ("generation.succeeded", ...).

        Keep its `secret`: it is told this once, and to the same call with its key for an hour. Raises
        Conflict where there are 20 already.
        """
        return await self._do(
            operations.create_endpoint(url, event_types, description, idempotency_key=idempotency_key)
        )

    async def get(self, endpoint_id: str) -> WebhookEndpoint:
        """Return one. Raises NotFound."""
        return await self._do(operations.read_endpoint(endpoint_id))

    async def update(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        event_types: Iterable[str] | None = None,
        description: str | None = None,
        enabled: bool | None = None,
    ) -> WebhookEndpoint:
        """Change what is given; `enabled=True` turns one on again that was turned off. Raises NotFound."""
        changes = {
            "url": url,
            "event_types": None if event_types is None else [*event_types],
            "description": description,
            "enabled": enabled,
        }
        return await self._do(operations.change_endpoint(endpoint_id, changes))

    async def delete(self, endpoint_id: str) -> None:
        """Remove one and its log; what waits is not sent. Raises NotFound."""
        await self._do(operations.delete_endpoint(endpoint_id))

    async def rotate_secret(self, endpoint_id: str) -> NewWebhookEndpoint:
        """Replace its secret, which is told this once; for 24 hours the one before signs as well.

        It is not repeated by itself: after a lost answer the secret may have been replaced, and the next call
        replaces it once more. Raises NotFound.
        """
        return await self._do(operations.rotate_secret(endpoint_id))

    async def test(self, endpoint_id: str) -> WebhookDelivery:
        """Have a `webhook.test` sent; `deliveries` say what came of it. Raises NotFound."""
        return await self._do(operations.test_endpoint(endpoint_id))

    def deliveries(self, endpoint_id: str, *, page_size: int = 50) -> AsyncIterator[WebhookDelivery]:
        """Go through what it was sent in the last 30 days, newest first. Raises NotFound."""
        call = partial(operations.list_deliveries, endpoint_id)
        return self._wire.each(call, {"limit": str(page_size)}, self._retries)

    async def redeliver(self, endpoint_id: str, delivery_id: str) -> WebhookDelivery:
        """Have one sent again, with the same id and body. Raises NotFound, and Conflict while it is tried."""
        return await self._do(operations.redeliver(endpoint_id, delivery_id))

    def request_deliveries(
        self, *, generation_id: str | None = None, page_size: int = 50
    ) -> AsyncIterator[RequestWebhookDelivery]:
        """Go through what the `webhook_url` of single requests was sent, newest first; of all or of one."""
        part: Filters = {"generation": generation_id, "limit": str(page_size)}
        return self._wire.each(operations.list_request_deliveries, part, self._retries)

    async def redeliver_request(self, delivery_id: str) -> RequestWebhookDelivery:
        """Have one of those sent again, as `redeliver` does."""
        return await self._do(operations.redeliver_request(delivery_id))

    async def signing_secret(self) -> WebhookSigningSecret:
        """Return what signs the webhooks of single requests."""
        return await self._do(operations.read_signing_secret())

    async def rotate_signing_secret(self) -> WebhookSigningSecret:
        """Replace it; for 24 hours the one before signs as well. It is not repeated by itself."""
        return await self._do(operations.rotate_signing_secret())

    async def _do(self, call: Call[T]) -> T:
        return await self._wire.take(done(call, self._retries))
