"""What suites of ports run over."""

from collections.abc import AsyncIterator, Callable

import pytest
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from gateway.adapters.outbound.memory.webhooks import MemoryWebhooks
from gateway.adapters.outbound.postgres.webhook_endpoints import PostgresWebhookEndpoints
from gateway.adapters.outbound.postgres.webhook_queue import PostgresWebhookQueue
from gateway.adapters.outbound.webhook_secret_box import WebhookSecretBox
from kept_webhooks import KEY, Kept


@pytest.fixture(params=["memory", "postgres"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    """Every implementation in turn."""
    if request.param == "memory":
        both = MemoryWebhooks()
        yield Kept(both, both)
        return
    clone: Callable[[str], ServiceDatabase] = request.getfixturevalue("service_database")
    engine, box = create_engine(clone("gateway").url), WebhookSecretBox([KEY])
    yield Kept(PostgresWebhookEndpoints(engine, box), PostgresWebhookQueue(engine, box))
    await engine.dispose()
