"""Whom the gateway asks for one job, and for telling of it: whoever adds a call writes it down here."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from chassis import nats
from embedded.testing import nats_password
from event_producers import ADA, GENERATION, Producers
from fastapi.routing import APIRoute
from gateway.adapters.inbound.rest.routers import IN_ORDER_OF_USE, ROUTERS
from gateway.adapters.outbound.nats_event_feed import NatsEventFeed
from gateway.application.follow_events import FollowEventsHandler
from gateway.bootstrap.memory import MemoryWorld, memory_world
from gateway.bootstrap.parts import make_web_app, wire
from gateway.domain.event import ClientEvent
from gateway.domain.user import Principal
from gateway_world import PASSWORD, SKETCH
from tintype.generation.v1.events_pb2 import GenerationQueued, GenerationSucceeded

# What is another process, or a table: each is waited for.
ASKED = (
    *("identity", "administration", "sign_in", "passkeys", "billing", "ledger", "generations", "interactive"),
    *("shares", "collections", "uploads", "usage_log", "sessions", "texts", "output_files", "limits"),
    *("webhook_endpoints", "webhook_queue"),
)


class Noted:
    """Passes every call on, and notes it."""

    def __init__(self, name: str, to: Any, said: list[str]) -> None:
        self._name, self._to, self._said = name, to, said

    def __getattr__(self, name: str) -> Any:
        known = getattr(self._to, name)
        if not callable(known):
            return known

        def called(*given: Any, **named: Any) -> Any:
            self._said.append(f"{self._name}.{name}")
            return known(*given, **named)

        return called


class House:
    """A gateway over ports in memory, and everything that it asks them."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.world: MemoryWorld = memory_world()
        ports = self.world.ports
        noted = {name: Noted(name, getattr(ports, name), self.said) for name in ASKED}
        self.deps = wire(replace(ports, **noted))  # type: ignore[arg-type]
        app = make_web_app(self.deps)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test")

    async def post(self, key: str | None = None) -> httpx.Response:
        """Ask for a picture."""
        headers = {"Idempotency-Key": key or uuid4().hex}
        body = {"model": SKETCH, "input": {"prompt": "a heron"}}
        return await self.http.post("/v1/generations", json=body, headers=headers)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """With Ada, who has credits and made a job already."""
    house = House()
    async with house.http:
        account = {"email": "ada@example.com", "password": PASSWORD, "full_name": "Ada"}
        answer = await house.http.post("/v1/auth/signup", json=account)
        house.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        house.world.ledger.grant(answer.json()["user"]["id"], 1_000)
        assert (await house.post()).status_code == 202
        house.said.clear()
        yield house


async def test_a_job_is_one_call(house: House) -> None:
    """Beside the count of what its caller may ask for; whether the session stands is known."""
    assert (await house.post()).status_code == 202
    assert house.said == ["limits.hit", "generations.create"]


async def test_a_repeated_job_is_one_call(house: House) -> None:
    """Nothing is looked up first."""
    await house.post("key-1")
    house.said.clear()
    assert (await house.post("key-1")).headers["Idempotency-Replayed"] == "true"
    assert house.said == ["limits.hit", "generations.create"]


async def test_a_refused_job_asks_for_no_more(house: House) -> None:
    """Of what is malformed nobody hears."""
    answer = await house.http.post("/v1/generations", json={"input": {}}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422
    assert "generations.create" not in house.said


async def test_telling_of_a_job_asks_nobody(house: House, feed: NatsEventFeed, producers: Producers) -> None:
    """Its facts carry what is told of it, from when it is queued to its charge."""
    house.said.clear()
    follow: FollowEventsHandler = replace(house.deps.follow_events, feed=feed)
    token = house.http.headers["Authorization"].removeprefix("Bearer ")
    principal: Principal = replace(await house.world.ports.tokens.verify(token), user_id=ADA)
    events = cast(AsyncGenerator[ClientEvent, None], follow(principal, None))
    told = []
    async with aclosing(events), asyncio.timeout(20):
        await anext(events)
        await producers.say(GenerationQueued(generation_id=GENERATION, credits_reserved=5))
        await producers.progress(0.5)
        await producers.say(GenerationSucceeded(generation_id=GENERATION, charge_credits=5))
        await producers.grant(3)
        async for event in events:
            told += [event.told] if event.told is not None else []
            if len(told) == 4:
                break
    assert house.said == []


async def test_facts_are_not_asked_for_one_by_one(
    producers: Producers, nats_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request to the broker brings all that come within its time."""
    connection = await nats.connect(nats_server, user="gateway", password=nats_password("gateway"), name="t")
    asked: list[str] = []
    publish = connection.publish

    async def noted(subject: str, *given: Any, **named: Any) -> None:
        asked.append(subject)
        await publish(subject, *given, **named)

    monkeypatch.setattr(connection, "publish", noted)
    feed = NatsEventFeed(connection.jetstream(), heartbeat_s=0.2)
    running = asyncio.create_task(feed.run())
    following = cast(AsyncGenerator[Any, None], feed.follow(ADA, None))
    async with aclosing(following), asyncio.timeout(30):
        await anext(following)
        asked.clear()
        heard, began = 0, asyncio.get_running_loop().time()
        for sequence in range(1, 41):
            await producers.grant(sequence)
        while heard < 40:
            heard += (await anext(following)).fact is not None
        took_s = asyncio.get_running_loop().time() - began
    requests = [subject for subject in asked if subject.startswith("$JS.API.CONSUMER.MSG.NEXT.LEDGER.")]
    assert len(requests) <= 1 + took_s / 5
    running.cancel()
    await asyncio.wait({running})
    await connection.close()


def test_the_order_of_use_leads_nowhere_else() -> None:
    """Who is compared first takes no request of another."""
    assert sorted(map(id, IN_ORDER_OF_USE)) == sorted(map(id, ROUTERS))
    moved = [one for one, other in zip(IN_ORDER_OF_USE, ROUTERS, strict=True) if one is not other]
    first = {id(router) for router in IN_ORDER_OF_USE[:2]}
    ours = [route for router in IN_ORDER_OF_USE[:2] for route in router.routes if isinstance(route, APIRoute)]
    others = [
        route
        for router in moved
        if id(router) not in first
        for route in router.routes
        if isinstance(route, APIRoute)
    ]
    assert others
    for other in others:
        asked_for = other.path.replace("{", "").replace("}", "")
        assert not [route.path for route in ours if route.path_regex.fullmatch(asked_for)]
