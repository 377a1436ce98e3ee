"""What is said to the database of a fact that nobody wants to be told of, which is most of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest
from chassis.postgres import create_engine
from chassis.testing.wire import CAN_TRACE, ROUND_TRIP, listening
from embedded.testing import ServiceDatabase
from gateway.adapters.outbound.postgres.webhook_endpoints import PostgresWebhookEndpoints
from gateway.adapters.outbound.postgres.webhook_queue import PostgresWebhookQueue
from gateway.adapters.outbound.webhook_secret_box import WebhookSecretBox
from gateway.domain.identifiers import GenerationId
from kept_webhooks import EVE, KEY, Kept, a_callback, an_endpoint, told
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

LOOK = ["BEGIN", "SELECT set_config", "SELECT webhook_endpoints", "COMMIT", ROUND_TRIP]


@pytest.fixture
def database(service_database: Callable[[str], ServiceDatabase]) -> ServiceDatabase:
    """The gateway's."""
    return service_database("gateway")


@pytest.fixture
async def engine(database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """The deliverer's connections."""
    engine = create_engine(database.url)
    yield engine
    await engine.dispose()


@pytest.fixture
def kept(engine: AsyncEngine) -> Kept:
    """Endpoints and what is sent to them."""
    box = WebhookSecretBox([KEY])
    return Kept(PostgresWebhookEndpoints(engine, box), PostgresWebhookQueue(engine, box))


async def test_facts_that_come_together_are_one_look(kept: Kept, engine: AsyncEngine, tmp_path: Path) -> None:
    """Nothing else, and no transaction each."""
    if not CAN_TRACE:
        pytest.skip("libpq traces on Linux alone")
    await kept.endpoints.add(an_endpoint(account=EVE), "whsec_AAAA")
    await engine.dispose()
    with listening(engine, tmp_path / "wire") as wire:
        assert await asyncio.gather(*[told(kept, number) for number in range(20)]) == [0] * 20
        assert wire.said() == LOOK


async def test_what_somebody_wants_is_queued_beside_what_nobody_does(kept: Kept) -> None:
    """By an endpoint, or with the request of a job: each fact of its own account and job alone."""
    await kept.endpoints.add(an_endpoint(), "whsec_AAAA")
    await kept.endpoints.keep_callback(a_callback(account_id=EVE), fresh="whsec_AAAA")
    await kept.endpoints.tie_callback(EVE, a_callback().callback_id, GenerationId("gen_2"))
    queued = await asyncio.gather(
        told(kept, 1),
        told(kept, 2, account=EVE, generation_id=GenerationId("gen_2")),
        told(kept, 3, account=EVE, generation_id=GenerationId("gen_3")),
        told(kept, 4, account=EVE),
    )
    assert queued == [1, 1, 0, 0]


async def test_a_look_that_fails_is_told_to_each(kept: Kept, database: ServiceDatabase) -> None:
    """No fact counts as one that nobody wants: the broker delivers it again."""
    await kept.endpoints.add(an_endpoint(), "whsec_AAAA")
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("REVOKE SELECT ON webhook_callbacks FROM gateway_service")
        told_of = await asyncio.gather(*[told(kept, number) for number in range(3)], return_exceptions=True)
        assert all(isinstance(one, DBAPIError) for one in told_of)
        admin.execute("GRANT SELECT ON webhook_callbacks TO gateway_service")
    assert [await told(kept, number) for number in range(3)] == [1, 1, 1]
