"""What every service is made of: brought up in its order, run together, taken down in reverse.

async def serve(settings: GreeterSettings) -> None:
    async with service(settings, "greeter") as running:
        units = PostgresUnitsOfWork(running.engine)
        greet = GreeterServicer(GreetHandler(units))
        await running.run(
            running.grpc(add_GreeterServiceServicer_to_server, greet, RULES),
            running.relay(tables.outbox),
        )
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import grpc
from nats.js import JetStreamContext
from pydantic import SecretStr
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import inbox
from chassis.consumer import FETCH_S, Consumer, Handler, Slots
from chassis.dead_letters import DeadLetters
from chassis.grpc_client import channel
from chassis.grpc_server import GRACE_S, MESSAGE_MAX_BYTES, GrpcServer
from chassis.health import Check, HealthServer
from chassis.nats import ENSURE_EVERY_S, Connection, connect, ensure_stream
from chassis.postgres import create_engine, ping
from chassis.process import forever, run_all
from chassis.publisher import Publisher
from chassis.relay import Relay
from chassis.settings import DatabaseSettings, PublisherSettings, ServiceSettings

PRUNE_EVERY_S = 3_600.0

Opened = TypeVar("Opened")
Servicer = TypeVar("Servicer")


@dataclass(frozen=True, kw_only=True)
class CallRules:
    """Who may call which method, and which error is which status; `GrpcServer` says how they count."""

    errors: Mapping[type[Exception], grpc.StatusCode]
    allowed: Mapping[str, frozenset[str]]
    domain: str


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service's database and broker, and the loops that services have in common.

    What it opens besides, and what `stack` is given, is closed before database and broker are.
    """

    name: str
    settings: ServiceSettings
    engine: AsyncEngine
    nats: Connection
    jetstream: JetStreamContext
    stack: AsyncExitStack

    @property
    def checks(self) -> Mapping[str, Check]:
        """What must answer for the service to be ready."""
        return {"database": partial(ping, self.engine), "nats": self.nats.answers}

    @property
    def alive(self) -> Mapping[str, Check]:
        """What only a new start mends once it fails."""
        return {"nats": self.nats.is_alive}

    async def opened(self, context: AbstractAsyncContextManager[Opened]) -> Opened:
        """Open something for as long as the service runs."""
        return await self.stack.enter_async_context(context)

    def channel(
        self,
        target: str,
        token: SecretStr,
        *,
        retried: Iterable[str] | None = None,
        message_max_bytes: int = MESSAGE_MAX_BYTES,
        unread_max_bytes: int | None = None,
    ) -> grpc.aio.Channel:
        """Open a channel to another service; what is said of it is as in `grpc_client.channel`."""
        opened = channel(
            target,
            token=token.get_secret_value(),
            retried=None if retried is None else tuple(retried),
            message_max_bytes=message_max_bytes,
            unread_max_bytes=unread_max_bytes,
        )
        self.stack.push_async_callback(opened.close)
        return opened

    def grpc(
        self,
        register: Callable[[Servicer, grpc.aio.Server], Any],
        servicer: Servicer,
        rules: CallRules,
        *,
        message_max_bytes: int = MESSAGE_MAX_BYTES,
        grace_s: float = GRACE_S,
    ) -> Awaitable[None]:
        """Return the loop that answers gRPC."""
        server = GrpcServer(
            self.settings.grpc_listen,
            errors=rules.errors,
            callers=self.settings.callers,
            allowed=rules.allowed,
            domain=rules.domain,
            message_max_bytes=message_max_bytes,
            grace_s=grace_s,
        )
        register(servicer, server.server)
        return server.run()

    def relay(self, outbox: Table) -> Awaitable[None]:
        """Return the loop that publishes the outbox."""
        return Relay(self.engine, outbox, Publisher(self.jetstream)).run()

    def consumer(
        self,
        stream: str,
        subjects: Sequence[str],
        handler: Handler,
        *,
        durable: str | None = None,
        max_in_flight: int = 16,
        outages: tuple[type[Exception], ...] = (),
        slots: Slots | None = None,
        fetch_s: float = FETCH_S,
    ) -> Consumer:
        """Return the durable consumer of another's facts, whose dead letters this database keeps."""
        return Consumer(
            self.jetstream,
            stream=stream,
            durable=durable or self.name,
            subjects=subjects,
            handler=handler,
            on_dead_letter=DeadLetters(self.engine).keep,
            max_in_flight=max_in_flight,
            outages=outages,
            slots=slots,
            fetch_s=fetch_s,
        )

    def prune_inbox(self, table: Table) -> Awaitable[None]:
        """Return the loop that forgets handled events which can't come again."""
        return forever(lambda: inbox.prune(self.engine, table), every_s=PRUNE_EVERY_S, name="prune the inbox")

    async def run(
        self,
        *loops: Awaitable[None],
        listen: str | None = None,
        checks: Mapping[str, Check] | None = None,
    ) -> None:
        """Run these beside the connection, its own stream and the health page until cancelled.

        `checks` are needed to be ready besides database and broker. As with `run_all`, the first that fails
        or ends takes the others with it.
        """
        health = HealthServer(
            listen or self.settings.http_listen, {**self.checks, **(checks or {})}, alive=self.alive
        )
        await run_all(self.nats.run(), *self._own_stream(), *loops, health.run())

    def _own_stream(self) -> list[Awaitable[None]]:
        if not isinstance(self.settings, PublisherSettings):
            return []
        ensure = partial(self.ensure_stream, self.settings)
        return [forever(ensure, every_s=ENSURE_EVERY_S, name="ensure stream")]

    async def ensure_stream(self, settings: PublisherSettings) -> None:
        """Make the service's own stream, or bring it up to date."""
        await ensure_stream(self.jetstream, self.name, replicas=settings.nats_replicas)


@asynccontextmanager
async def database(settings: DatabaseSettings, *, pool_size: int = 10) -> AsyncIterator[AsyncEngine]:
    """Open the service's database, for a command that needs nothing else."""
    engine = create_engine(settings.database_url.get_secret_value(), pool_size=pool_size)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def service(settings: ServiceSettings, name: str, *, pool_size: int = 10) -> AsyncIterator[Running]:
    """Connect to database and broker, and see to the service's own stream if it publishes.

    Fails at once when the broker can't be reached or refuses the login.
    """
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(database(settings, pool_size=pool_size))
        nats = await connect(
            settings.nats_url,
            user=settings.nats_user,
            password=settings.nats_password.get_secret_value(),
            name=name,
        )
        stack.push_async_callback(nats.close)
        running = Running(
            name=name,
            settings=settings,
            engine=engine,
            nats=nats,
            jetstream=nats.jetstream(),
            stack=stack,
        )
        if isinstance(settings, PublisherSettings):
            await running.ensure_stream(settings)
        yield running
