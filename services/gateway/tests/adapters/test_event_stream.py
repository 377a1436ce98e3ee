"""The SSE endpoint over a real NATS: named events in the right order, and only so many streams."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from chassis.health import serve_http
from embedded.ports import free_ports
from event_producers import ADA, GENERATION, Producers
from gateway.adapters.outbound.nats_event_feed import NatsEventFeed
from gateway.bootstrap.memory import memory_world
from gateway.bootstrap.parts import make_web_app, wire
from gateway_world import description
from tintype.billing.v1.events_pb2 import PaymentCompleted, SubscriptionChanged
from tintype.generation.v1.events_pb2 import GenerationQueued, GenerationSucceeded

pytestmark = pytest.mark.server


@pytest.fixture
async def served(feed: NatsEventFeed) -> AsyncIterator[httpx.AsyncClient]:
    """The whole app with this feed, over a socket, with a token of Ada's."""
    world = memory_world()
    ports = replace(world.ports, feed=feed, streams_per_user_max=2)
    app = make_web_app(wire(ports))
    port = free_ports(1)[0]
    serving = asyncio.create_task(serve_http(app, host="127.0.0.1", port=port, grace_s=1))
    signed_in = await world.identity.sign_up(email="a@b.example", password="x" * 12, full_name="")
    token = world.identity.access_token(replace(signed_in.user, user_id=ADA))  # type: ignore[arg-type]
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Authorization": f"Bearer {token}"},
        event_hooks={"response": [description().hold]},
    ) as http:
        async with asyncio.timeout(10):
            while True:
                try:
                    await http.get("/healthz")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
        yield http
    serving.cancel()
    await asyncio.wait({serving})


async def read_events(answer: httpx.Response, count: int) -> list[dict[str, Any]]:
    """The next events of a stream that carry data."""
    found: list[dict[str, Any]] = []
    block: dict[str, Any] = {}
    async with asyncio.timeout(10):
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(":")
                block[name] = value.strip()
            else:
                if "data" in block:
                    found.append({**block, "data": json.loads(block["data"])})
                    description().hold_event(block["event"], found[-1]["data"])
                block = {}
                if len(found) == count:
                    return found
    raise AssertionError(f"the stream ended after {found}")


async def test_server_sent_events(served: httpx.AsyncClient, producers: Producers) -> None:
    """Each kind of event has its name, id and body; a balance is never older than the one before."""
    async with served.stream("GET", "/v1/events") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        await producers.grant(5)
        await producers.grant(4)
        await producers.grant(6)
        first = await read_events(answer, 2)
    assert [one["event"] for one in first] == ["balance.updated"] * 2
    assert [one["data"]["available"] for one in first] == [5, 6]
    await producers.grant(3)
    await producers.say(
        GenerationQueued(
            account_id=ADA, generation_id=GENERATION, model_id="local/sketch", credits_reserved=20
        )
    )
    await producers.progress(0.5)
    await producers.say(GenerationSucceeded(account_id=ADA, generation_id=GENERATION, charge_credits=15))
    await producers.progress(0.9)
    await producers.say(
        PaymentCompleted(account_id=ADA, payment_id="pi_1", pack_id="starter", credits=1000, currency="usd")
    )
    await producers.say(
        SubscriptionChanged(
            account_id=ADA,
            plan_id="pro",
            status="SUBSCRIPTION_STATUS_ACTIVE",
            interval="BILLING_INTERVAL_YEAR",
            entitlements=["premium"],
            revision=1,
        )
    )
    # Over a second connection, as a browser would after the first one broke.
    async with served.stream("GET", "/v1/events", headers={"Last-Event-ID": first[-1]["id"]}) as answer:
        second = await read_events(answer, 5)
    # Two streams have no common order: a payment may be told before, between or after the job's news.
    second.sort(key=lambda one: one["event"])
    # Nothing of the balance with sequence 3, and no progress after the end.
    named = ["generation.updated"] * 3 + ["payment.completed", "subscription.updated"]
    assert [one["event"] for one in second] == named
    assert [one["data"].get("status") for one in second[:3]] == ["queued", "processing", "succeeded"]
    assert second[2]["data"] == {
        "id": GENERATION,
        "status": "succeeded",
        "progress": 1.0,
        "credits": {"reserved": 20, "charged": 15, "refunded": 5},
    }
    assert second[3]["data"]["pack"] == "starter"
    told = second[4]["data"]
    assert (told["plan_id"], told["status"], told["interval"]) == ("pro", "active", "year")
    assert (told["entitlements"], told["cancel_at_period_end"]) == (["premium"], False)


async def test_bounded_streams(served: httpx.AsyncClient) -> None:
    """A user may have only so many streams open; a closed one makes room."""
    async with served.stream("GET", "/v1/events"), served.stream("GET", "/v1/events"):
        refused = await served.get("/v1/events")
        assert refused.status_code == 429
        assert refused.json()["reason"] == "TOO_MANY_STREAMS"
        assert int(refused.headers["retry-after"]) >= 1
    async with asyncio.timeout(10):
        while True:
            async with served.stream("GET", "/v1/events") as again:
                if again.status_code == 200:
                    break
            await asyncio.sleep(0.05)


async def test_a_stream_needs_a_token(served: httpx.AsyncClient) -> None:
    """Nobody follows events without saying who they are."""
    refused = await served.get("/v1/events", headers={"Authorization": "Bearer nonsense"})
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
