"""Services whose time tests move."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from chassis.grpc_client import channel
from contract_support import serve_generation
from embedded.testing import NatsLogin, ServiceDatabase
from generation_house import House
from moved_world import moved_world
from subscriber import Subscriber
from tintype.billing.v1 import billing_pb2_grpc
from tintype.ledger.v1 import ledger_pb2_grpc


@pytest.fixture
async def subscriber(
    tmp_path: Path,
    service_database: Callable[[str], ServiceDatabase],
    nats_account: Callable[[str], NatsLogin],
) -> AsyncIterator[Subscriber]:
    """The running services, before Ada."""
    async with AsyncExitStack() as stack:
        generation = await serve_generation(stack, House())
        world = await stack.enter_async_context(
            moved_world(tmp_path, service_database, nats_account, generation)
        )

        def connected(service: str, caller: str) -> object:
            opened = channel(world.services[service].grpc, token=caller)
            stack.push_async_callback(opened.close)
            return opened

        yield Subscriber(
            world,
            ledger_pb2_grpc.LedgerServiceStub(connected("ledger", "gateway")),
            ledger_pb2_grpc.LedgerServiceStub(connected("ledger", "auditor")),
            billing_pb2_grpc.BillingServiceStub(connected("billing", "gateway")),
        )
