"""One generation is one trace, through HTTP, gRPC, NATS and SQL."""

import time
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from otlp_collector import Collector
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

WANTED = {
    ("gateway", "POST /v1/generations"),
    ("generation-api", "/tintype.generation.v1.GenerationService/CreateGeneration"),
    # Sent with other jobs' commands over one stream; each is part of its own trace all the same.
    ("generation-api", "ledger reserve"),
    ("ledger", "commit batch"),
    ("generation-worker", "tintype.ledger.v1.CreditsReserved process"),
    ("ledger", "tintype.generation.v1.GenerationSucceeded process"),
}


def test_a_generation_is_one_trace(stack: StackState, collector: Collector) -> None:
    """From the request to the settlement, over four processes."""
    with httpx.Client(base_url=stack.url("gateway"), timeout=30) as client:
        who = {"email": f"trace-{uuid4().hex[:10]}@example.com", "password": "a sentence is a good password"}
        signed_up = client.post("/v1/auth/signup", json=who)
        client.headers["Authorization"] = f"Bearer {signed_up.json()['access_token']}"
        until(lambda: client.get("/v1/balance").json()["available"] > 0)
        job = {"model": "local/sketch", "input": {"prompt": "a heron"}}
        started = client.post("/v1/generations", json=job, headers={"Idempotency-Key": uuid4().hex})
        assert started.status_code == 202
        until(lambda: any(spans >= WANTED for spans in list(collector.traces.values())))


def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition. Not asyncio: the browser tests beside this one hold the thread's event loop."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "the condition never held"
        time.sleep(0.2)
