"""Deliverers of webhooks as processes, and the rows that they work on."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from embedded.ports import free_ports
from event_producers import ADA
from gateway.adapters.outbound.postgres.webhook_endpoints import PostgresWebhookEndpoints
from gateway.adapters.outbound.postgres.webhook_queue import PostgresWebhookQueue
from gateway.adapters.outbound.webhook_secret_box import WebhookSecretBox
from gateway.domain.identifiers import FactId, MessageId, UserId, WebhookEndpointId
from gateway.domain.webhook import (
    DeliveryState,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookMessage,
)
from gateway_process import Environment
from sqlalchemy.ext.asyncio import AsyncEngine

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ACCOUNT = UserId(ADA)
PATIENCE_S = 240


@dataclass
class Rows:
    """What is kept, and more of it."""

    engine: AsyncEngine

    @property
    def endpoints(self) -> PostgresWebhookEndpoints:
        """Endpoints and the log."""
        return PostgresWebhookEndpoints(self.engine, WebhookSecretBox([KEY]))

    @property
    def queue(self) -> PostgresWebhookQueue:
        """What is to be sent."""
        return PostgresWebhookQueue(self.engine, WebhookSecretBox([KEY]))

    async def open(self, number: int, url: str, kind: WebhookEvent) -> WebhookEndpointId:
        """Add an endpoint."""
        endpoint_id = WebhookEndpointId(f"whe_{number:032x}")
        endpoint = WebhookEndpoint(
            endpoint_id=endpoint_id,
            account_id=ACCOUNT,
            url=url,
            event_types=frozenset({kind}),
            description="",
            created_at=datetime.now(UTC),
        )
        await self.endpoints.add(endpoint, SECRET)
        return endpoint_id

    async def tell(self, number: int, kind: WebhookEvent) -> None:
        """Something happens."""
        message = WebhookMessage(
            message_id=MessageId(f"msg_{kind}_{number}"), account_id=ACCOUNT, event_type=kind, payload="{}"
        )
        await self.queue.record(FactId(f"evt_{kind}_{number}"), message, now=datetime.now(UTC))

    async def log(self, endpoint_id: WebhookEndpointId) -> list[WebhookDelivery]:
        """What it was sent."""
        return list((await self.endpoints.deliveries(ACCOUNT, endpoint_id, cursor=None, limit=100)).items)

    async def all_are(
        self, state: DeliveryState, endpoint_id: WebhookEndpointId, *, count: int
    ) -> list[WebhookDelivery]:
        """Wait until all that it was sent ended so."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                log = await self.log(endpoint_id)
                if len(log) == count and {each.state for each in log} == {state}:
                    return log
                await asyncio.sleep(0.02)


@asynccontextmanager
async def process(environment: Environment, log: Path) -> AsyncIterator[subprocess.Popen[bytes]]:
    """A deliverer as a supervisor starts it."""
    (port,) = free_ports(1)
    settings = {
        **environment,
        "GATEWAY_HTTP_LISTEN": f"127.0.0.1:{port}",
        "GATEWAY_WEBHOOK_KEY": KEY,
        "GATEWAY_WEBHOOK_ALLOW_LOOPBACK": "true",
        "GATEWAY_WEBHOOK_EVERY_S": "0.05",
    }
    with log.open("ab") as stderr:
        started = await asyncio.to_thread(
            subprocess.Popen,
            [sys.executable, "-m", "gateway", "deliver-webhooks"],
            env={**os.environ, **settings},
            stderr=stderr,
        )
        try:
            yield started
        finally:
            started.kill()
            await asyncio.to_thread(started.wait)
