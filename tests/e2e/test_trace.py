"""One generation is one trace, through HTTP, gRPC, NATS and SQL."""

import asyncio
from uuid import uuid4

import pytest
from otlp_collector import Collector
from tintype_local.demo.client import Client
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

WANTED = {
    ("gateway", "POST /v1/generations"),
    ("generation-api", "/tintype.generation.v1.GenerationService/CreateGeneration"),
    ("ledger", "/tintype.ledger.v1.LedgerService/Reserve"),
    ("ledger", "INSERT"),
    ("generation-worker", "tintype.ledger.v1.CreditsReserved process"),
    ("ledger", "tintype.generation.v1.GenerationSucceeded process"),
}


async def test_a_generation_is_one_trace(stack: StackState, collector: Collector) -> None:
    """From the request to the settlement, over four processes."""
    client = Client(stack.url("gateway"))
    await client.sign_up(f"trace-{uuid4().hex[:10]}@example.com", "a sentence is a good password")
    async with asyncio.timeout(60):
        while not (await client.get("/v1/balance"))["available"]:
            await asyncio.sleep(0.1)
        await client.post("/v1/generations", model="local/sketch", input={"prompt": "a heron"})
        while not any(spans >= WANTED for spans in list(collector.traces.values())):
            await asyncio.sleep(0.2)
    await client.close()
