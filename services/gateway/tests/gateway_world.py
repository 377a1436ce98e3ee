"""What gateway's tests share: an app over ports in memory, a client, and a clock that is told the time."""

import re
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
from described import Description
from fastapi import FastAPI
from fastapi.routing import APIRoute
from gateway.application.known_keys import KnownKeys
from gateway.application.open_sessions import OpenSessions
from gateway.bootstrap.memory import MemoryWorld, memory_world
from gateway.bootstrap.parts import make_web_app, wire
from gateway.domain.console_session import ConsoleSession, cookie_digest
from gateway.domain.generation import NewGeneration
from gateway.domain.identifiers import AccountId, GenerationId, ModelId
from starlette.datastructures import State

ORIGIN = "http://gateway.test"
PASSWORD = "correct horse battery"
SKETCH = "local/sketch"
# A browser on a page of ours.
HTML = {"Accept": "text/html", "Origin": ORIGIN}


@dataclass
class ToldClock:
    """A clock that tests move."""

    time: datetime = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)

    def now(self) -> datetime:
        """See Clock."""
        return self.time

    def pass_(self, **span: float) -> None:
        """Let time pass."""
        self.time += timedelta(**span)


@dataclass
class Door:
    """One gateway and a caller in front of it."""

    world: MemoryWorld
    app: FastAPI
    http: httpx.AsyncClient
    clock: ToldClock
    open_sessions: OpenSessions
    known_keys: KnownKeys

    async def sign_up(self, email: str = "ada@example.com", *, welcome_credits: int = 0) -> str:
        """An account at identity: its token is used from now on. Returns the user's id."""
        opened = await self.world.identity.sign_up(email=email, password=PASSWORD, full_name="Ada")
        self.http.headers["Authorization"] = f"Bearer {opened.tokens.access_token}"
        if welcome_credits:
            self.world.ledger.grant(opened.user.user_id, welcome_credits)
        return opened.user.user_id

    def confirm_addresses(self) -> None:
        """Everybody has followed the link in their mail."""
        users = self.world.identity.users
        users |= {user_id: replace(user, email_verified=True) for user_id, user in users.items()}

    async def generate(self, **more: Any) -> httpx.Response:
        """Ask for a picture."""
        body = {"model": SKETCH, "input": {"prompt": "a heron"}, **more}
        return await self.http.post("/v1/generations", json=body)

    def state(self) -> tuple[Any, ...]:
        """All that a refusal may not change."""
        world = self.world
        return (
            {account: list(lines) for account, lines in world.ledger.journal.items()},
            dict(world.ledger.reservations),
            dict(world.generations.jobs),
            dict(world.collections.kept),
            {held: set(ids) for held, ids in world.generations.collected.items()},
            dict(world.uploads.kept),
            dict(world.billing.checkouts),
            dict(world.billing.webhooks),
            list(world.generations.told_of),
            dict(world.webhooks.kept),
            dict(world.webhooks.secrets),
            dict(world.webhooks.own_secrets),
            dict(world.webhooks.callbacks),
            dict(world.webhooks.log),
            dict(world.identity.users),
            dict(world.identity.passwords),
        )


def make_door(*, rates: str = "10000/minute", public_url: str = ORIGIN) -> Door:
    """A gateway over empty ports in memory."""
    clock = ToldClock()
    world = memory_world(clock=clock, rates=rates, public_url=public_url)
    deps = wire(world.ports)
    # FastAPI prepares a route and a description when first asked: once for all tests, not for each.
    app = copy(prepared_app(public_url))
    app.state = State({"deps": deps})
    app.openapi_schema = description().document
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url=public_url,
        event_hooks={"response": [description().hold]},
    )
    return Door(
        world=world,
        app=app,
        http=http,
        clock=clock,
        open_sessions=deps.open_sessions,
        known_keys=deps.known_keys,
    )


@cache
def prepared_app(public_url: str = ORIGIN) -> FastAPI:
    """An app of which each door has a copy: handlers find what they use in the app that is asked."""
    return make_web_app(wire(memory_world(public_url=public_url).ports))


@cache
def description() -> Description:
    """What the API says of itself, made once: it is the same for all apps."""
    return Description(prepared_app().openapi())


async def enter(door: Door) -> str:
    """Sign up in the console as Ada and return the CSRF token of its pages."""
    form = {"email": "ada@example.com", "password": PASSWORD}
    assert (await door.http.post("/signup", data=form, headers=HTML)).status_code == 303
    return csrf_of(door)


def csrf_of(door: Door) -> str:
    """The CSRF token of whoever is signed in at the console, as each of its pages has it."""
    return session_of(door).csrf_token


def session_of(door: Door) -> ConsoleSession:
    """The session of whoever is signed in at the console."""
    cookie = door.http.cookies[door.world.ports.web.cookie_name]
    return door.world.sessions.rows[cookie_digest(cookie)]


async def ask_for(
    door: Door, *prompts: str, model: str = SKETCH, who: str | None = None
) -> list[GenerationId]:
    """What somebody asked for earlier, the oldest first: whoever is signed in at the console, or `who`."""
    account_id = AccountId(who or session_of(door).user_id)
    ids = []
    for prompt in prompts:
        new = NewGeneration(
            model_id=ModelId(model),
            input={"prompt": prompt},
            metadata={},
            idempotency_key=f"{len(door.world.generations.jobs)}",
        )
        job, _ = await door.world.generations.create(account_id, new)
        ids.append(job.generation_id)
    return ids


def hidden(page: httpx.Response, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found.group(1)


def routes(app: FastAPI) -> list[APIRoute]:
    """Every address that the app answers at, of the API and of the console."""
    return [route for route in app.routes if isinstance(route, APIRoute)]


def assert_problem(answer: httpx.Response, status: int, reason: str) -> dict[str, Any]:
    """Check that an answer is a whole problem document; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["reason"] == reason, body
    assert body["type"].startswith("urn:tintype:problem:")
    assert body["title"]
    assert body["detail"]
    assert len(body["trace_id"]) == 32
    assert answer.headers["x-content-type-options"] == "nosniff"
    return body
