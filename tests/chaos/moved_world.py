"""Billing, ledger and gateway as processes of their own, whose time a test moves together with Stripe's.

PostgreSQL and NATS are real; a stand-in speaks Stripe's API and sends its webhooks over HTTP.
"""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import moved_service
import psycopg
import stripe
from chassis import nats as broker
from chassis.events import event
from chassis.publisher import Publisher
from cryptography.fernet import Fernet
from embedded.ports import free_ports
from embedded.testing import NatsLogin, ServiceDatabase
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings
from tintype.identity.v1 import events_pb2 as identity

KEY, SECRET = "sk_test_year", "whsec_year"
PATIENCE_S = 60.0
CALLERS = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("gateway", "auditor")}


@dataclass
class Service:
    """A process that can be killed and started again."""

    name: str
    http: str
    grpc: str
    environment: dict[str, str]
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.process is None:
            command = [sys.executable, moved_service.__file__, self.name, "serve"]
            self.process = subprocess.Popen(command, env={**os.environ, **self.environment})

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            assert self.process.poll() is None, f"{self.name} ended by itself"
            self.process.kill()
            self.process.wait()
            self.process = None

    async def answers(self, path: str = "/readyz") -> None:
        """Wait until it answers."""
        async with httpx.AsyncClient() as client:

            async def is_there() -> bool:
                assert self.process is not None
                assert self.process.poll() is None, f"{self.name} ended by itself"
                try:
                    return (await client.get(f"http://{self.http}{path}")).status_code == 200
                except httpx.HTTPError:
                    return False

            await until(is_there, f"{self.name} answers")


@dataclass
class MovedWorld:
    """The processes, Stripe, and one time for all of them."""

    stripe_url: str
    ahead: Path
    services: dict[str, Service]
    databases: dict[str, ServiceDatabase]
    logins: Callable[[str], NatsLogin]
    sdk: Any = field(init=False)

    def __post_init__(self) -> None:
        self.sdk = stripe.StripeClient(KEY, base_addresses={"api": self.stripe_url}, max_network_retries=0).v1

    @property
    def billing(self) -> Service:
        """The process that is killed."""
        return self.services["billing"]

    async def control(self, path: str, **order: Any) -> Any:
        """Have the stand-in do something."""
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(headers=headers) as operator:
            answer = await operator.post(f"{self.stripe_url}/_test/{path}", json=order)
        return answer.raise_for_status().json()

    def move(self, moment: datetime) -> None:
        """Have every service's clock stand there now, and go on."""
        written = self.ahead.with_suffix(".new")
        written.write_text(str((moment - datetime.now(UTC)).total_seconds()))
        written.replace(self.ahead)

    async def advanced(self, customer: str) -> datetime:
        """Wait until the customer's clock has arrived; return where it stands."""
        clock = self.sdk.customers.retrieve(customer).test_clock

        async def is_ready() -> bool:
            return bool(self.sdk.test_helpers.test_clocks.retrieve(clock).status == "ready")

        await until(is_ready, "the test clock has arrived")
        return datetime.fromtimestamp(self.sdk.test_helpers.test_clocks.retrieve(clock).frozen_time, UTC)

    async def welcome(self, user_id: str) -> None:
        """Publish that somebody registered, as identity does."""
        login = self.logins("identity")
        connection = await broker.connect(login.url, user=login.user, password=login.password, name="test")
        message = identity.UserRegistered(user_id=user_id, welcome=identity.WELCOME_NOW)
        fact = event(message, account=user_id, event_id=f"evt_{user_id}", time=datetime.now(UTC))
        await Publisher(connection.jetstream()).publish(fact)
        await connection.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Read billing's database as its administrator."""
        with psycopg.connect(self.databases["billing"].admin_dsn) as connection:
            return connection.execute(query).fetchall()


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not await holds():
        assert time.monotonic() < deadline, f"it never came to this: {what}"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def moved_world(
    folder: Path,
    service_database: Callable[[str], ServiceDatabase],
    nats_account: Callable[[str], NatsLogin],
    generation: str,
) -> AsyncIterator[MovedWorld]:
    """Start everything, with the catalogue on sale; `generation` is where generation answers calls."""
    databases = {name: service_database(name) for name in ("billing", "ledger", "gateway")}
    ports = iter(free_ports(2 * len(databases)))
    http, grpc = ({name: f"127.0.0.1:{next(ports)}" for name in databases} for _ in range(2))
    for context in ("identity", "billing", "ledger", "generation"):
        await _make_stream(context, nats_account(context))
    settings = StripeSettings(
        data_folder=folder / "stripe",
        api_key=SecretStr(KEY),
        webhook_url=f"http://{http['gateway']}/webhooks/stripe",
        webhook_secret=SecretStr(SECRET),
        webhook_retry_delays_s=(0.5,) * 50,
    )
    ahead = folder / "ahead"
    ahead.write_text("0")
    with ExitStack() as ending:
        url = ending.enter_context(running(create_app(settings)))
        own = _settings(url, http, grpc, generation)
        services = {
            name: Service(
                name,
                http[name],
                grpc[name],
                _common(name, databases[name], nats_account(name), http[name], grpc[name])
                | own[name]
                | {moved_service.AHEAD: str(ahead)},
            )
            for name in databases
        }
        _publish_catalogue(services["billing"])
        for service in services.values():
            service.start()
            ending.callback(service.kill)
        for service in services.values():
            await service.answers("/healthz" if service.name == "gateway" else "/readyz")
        yield MovedWorld(url, ahead, services, databases, nats_account)


def _common(name: str, database: ServiceDatabase, login: NatsLogin, http: str, grpc: str) -> dict[str, str]:
    values = {
        "DATABASE_URL": database.url,
        "NATS_URL": login.url,
        "NATS_USER": login.user,
        "NATS_PASSWORD": login.password,
        "HTTP_LISTEN": http,
        "GRPC_LISTEN": grpc,
        "CALLERS": json.dumps(CALLERS),
        "CALLER_TOKEN": name,
    }
    return {f"{name.upper()}_{setting}": value for setting, value in values.items()}


def _settings(
    stripe_url: str, http: dict[str, str], grpc: dict[str, str], generation: str
) -> dict[str, dict[str, str]]:
    """Return what each service is told besides; whatever billing does every so often, it does often."""
    public = f"http://{http['gateway']}"
    often = {"PROCESS": 0.1, "RENEW": 0.1, "RECONCILE": 0.2, "RECONCILE_MONEY_BACK": 0.5}
    return {
        "billing": {
            "BILLING_STRIPE_SECRET_KEY": KEY,
            "BILLING_STRIPE_API_URL": stripe_url,
            "BILLING_STRIPE_WEBHOOK_SECRET": SECRET,
            "BILLING_PUBLIC_URL": public,
            "BILLING_FREE_PLAN": "free",
            **{f"BILLING_{name}_EVERY_S": str(every_s) for name, every_s in often.items()},
        },
        "ledger": {"LEDGER_GENERATION_TARGET": generation, "LEDGER_WELCOME_CREDITS": "0"},
        "gateway": {
            "GATEWAY_PUBLIC_URL": public,
            "GATEWAY_SESSION_KEY": Fernet.generate_key().decode(),
            # Nobody signs in here.
            "GATEWAY_IDENTITY_TARGET": "127.0.0.1:1",
            "GATEWAY_BILLING_TARGET": grpc["billing"],
            "GATEWAY_LEDGER_TARGET": grpc["ledger"],
            "GATEWAY_GENERATION_TARGET": generation,
        },
    }


def _publish_catalogue(billing: Service) -> None:
    command = [sys.executable, "-m", "billing", "publish-catalogue"]
    environment = {**os.environ, **billing.environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


async def _make_stream(context: str, login: NatsLogin) -> None:
    connection = await broker.connect(login.url, user=login.user, password=login.password, name="test")
    await broker.ensure_stream(connection.jetstream(), context)
    await connection.close()
