"""Fixtures of the adapters' tests: services behind the gateway, over NATS and over gRPC."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import grpc
import pytest
from chassis import nats
from chassis.grpc_client import channel
from chassis.publisher import Publisher
from cryptography.fernet import Fernet
from embedded.ports import free_ports
from embedded.testing import NatsLogin, ServiceDatabase
from event_producers import Producers, running_feed
from gateway.adapters.outbound.nats_event_feed import NatsEventFeed
from gateway_process import Environment
from scripted_services import TOKEN, Script, start


@pytest.fixture
async def producers(nats_account: Callable[[str], NatsLogin]) -> AsyncIterator[Producers]:
    """Publishers with the services' own permissions; their streams exist and are empty."""
    connections = []
    publishers = {}
    for service in ("ledger", "generation", "billing"):
        login = nats_account(service)
        connection = await nats.connect(login.url, user=login.user, password=login.password, name="t")
        await nats.ensure_stream(connection.jetstream(), service)
        connections.append(connection)
        publishers[service] = Publisher(connection.jetstream())
    yield Producers(publishers)
    for connection in connections:
        await connection.close()


@pytest.fixture
async def feed(
    producers: Producers, nats_account: Callable[[str], NatsLogin], nats_server: str
) -> AsyncIterator[NatsEventFeed]:
    """A running feed with the gateway's own permissions."""
    async with running_feed(nats_server) as feed:
        yield feed


@pytest.fixture
async def script() -> Script:
    """An empty script."""
    return Script()


@pytest.fixture
async def connection(script: Script) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server that follows the script."""
    async with AsyncExitStack() as stack:
        opened = channel(await start(stack, script), token=TOKEN)
        stack.push_async_callback(opened.close)
        yield opened


@pytest.fixture
def environment(
    service_database: Callable[[str], ServiceDatabase], nats_account: Callable[[str], NatsLogin]
) -> Environment:
    """Settings of a gateway whose services are all down."""
    login = nats_account("gateway")
    http, metrics, nobody = free_ports(3)
    settings = {
        "DATABASE_URL": service_database("gateway").url,
        "NATS_URL": login.url,
        "NATS_USER": login.user,
        "NATS_PASSWORD": login.password,
        "HTTP_LISTEN": f"127.0.0.1:{http}",
        "METRICS_LISTEN": f"127.0.0.1:{metrics}",
        "PUBLIC_URL": f"http://127.0.0.1:{http}/",
        "CALLER_TOKEN": "token-of-the-gateway",
        "SESSION_KEY": Fernet.generate_key().decode(),
        # A day, because a call to a service that is down takes seconds: a minute often ended between two.
        "AUTH_LIMIT": "2/day",
        **{f"{one}_TARGET": f"127.0.0.1:{nobody}" for one in ("IDENTITY", "BILLING", "LEDGER", "GENERATION")},
    }
    return {**os.environ, **{f"GATEWAY_{name}": value for name, value in settings.items()}}
