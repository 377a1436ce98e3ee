"""The composition root: every part made and wired. Tests wire the same app on ports in memory."""

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import grpc
import httpx
from chassis import nats
from chassis.clock import SystemClock
from chassis.grpc_client import channel
from chassis.health import Check, HealthServer, serve_http
from chassis.postgres import create_engine, ping
from chassis.process import forever, run_all
from cryptography.fernet import Fernet
from fastapi import FastAPI
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

from gateway.adapters.inbound.app import make_app
from gateway.adapters.inbound.bounded_connection import BoundedConnection
from gateway.adapters.inbound.connections import ConnectionBounds, Connections, room_for
from gateway.adapters.inbound.console import mount_console
from gateway.adapters.inbound.deps import Deps, Web
from gateway.adapters.inbound.ended_sessions import hear_of_ended_sessions
from gateway.adapters.outbound.grpc_billing import GrpcBilling
from gateway.adapters.outbound.grpc_generation import GrpcGenerations
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.grpc_ledger import GrpcLedger
from gateway.adapters.outbound.http_text_outputs import TIMEOUT_S, HttpTextOutputs
from gateway.adapters.outbound.jwt import JwtAccessTokens
from gateway.adapters.outbound.memory.billing import MemoryBilling
from gateway.adapters.outbound.memory.console_sessions import MemoryConsoleSessions
from gateway.adapters.outbound.memory.event_feed import MemoryEventFeed
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.identity import AUDIENCE, ISSUER, MemoryIdentity
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.adapters.outbound.memory.text_outputs import MemoryTextOutputs
from gateway.adapters.outbound.nats_event_feed import NatsEventFeed
from gateway.adapters.outbound.postgres import PostgresConsoleSessions
from gateway.adapters.outbound.random import RandomSecrets
from gateway.adapters.outbound.rate_limits import LimitsRateLimits
from gateway.adapters.outbound.sealed_event_ids import SealedEventIds
from gateway.application.console_sessions import ConsoleSessions
from gateway.application.explain_generation import ExplainGeneration
from gateway.application.export_statement import ExportStatement
from gateway.application.follow_events import FollowEvents
from gateway.application.open_checkout import OpenCheckoutHandler
from gateway.application.open_sessions import OpenSessions
from gateway.application.read_texts import ReadTexts
from gateway.ports.access_tokens import AccessTokens
from gateway.ports.billing import Billing
from gateway.ports.clock import Clock
from gateway.ports.console_sessions import ConsoleSessionStore
from gateway.ports.event_feed import EventFeed
from gateway.ports.event_ids import EventIds
from gateway.ports.generation import Generations
from gateway.ports.identity import Identity
from gateway.ports.ledger import Ledger
from gateway.ports.rate_limits import Limit, RateLimits
from gateway.ports.text_outputs import TextOutputs
from gateway.settings import GatewaySettings

HTTP_GRACE_S = 5
SWEEP_EVERY_S = 600.0
# Of identity's calls only these: a refresh token that is sent again is a stolen one, and a sign-up that
# is sent again finds its address taken. Every other service's commands carry a request id.
_SAFE_TO_REPEAT = tuple(
    f"tintype.identity.v1.IdentityService/{method}"
    for method in ("GetUser", "GetJwks", "LogOut", "CheckSessions")
)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """An adapter for each port, and how long and how much."""

    identity: Identity
    billing: Billing
    ledger: Ledger
    generations: Generations
    feed: EventFeed
    event_ids: EventIds
    tokens: AccessTokens
    limits: RateLimits
    sessions: ConsoleSessionStore
    texts: TextOutputs
    clock: Clock
    web: Web
    session_idle: timedelta = timedelta(days=7)
    session_lifetime: timedelta = timedelta(days=30)
    session_state_s: float = 1.0
    monotonic: Callable[[], float] = time.monotonic
    streams_per_user_max: int = 8
    checks: Mapping[str, Check] = field(default_factory=dict)
    alive: Mapping[str, Check] = field(default_factory=dict)


def wire(ports: Ports) -> Deps:
    """The use cases over these ports."""
    secrets = RandomSecrets()
    open_sessions = OpenSessions(ports.identity, life_s=ports.session_state_s, monotonic=ports.monotonic)
    return Deps(
        web=ports.web,
        identity=ports.identity,
        billing=ports.billing,
        ledger=ports.ledger,
        generations=ports.generations,
        tokens=ports.tokens,
        open_sessions=open_sessions,
        limits=ports.limits,
        secrets=secrets,
        sessions=ConsoleSessions(
            ports.identity,
            ports.sessions,
            secrets,
            ports.clock,
            open_sessions,
            idle=ports.session_idle,
            lifetime=ports.session_lifetime,
        ),
        follow_events=FollowEvents(
            ports.feed,
            ports.event_ids,
            ports.generations,
            ports.ledger,
            ports.clock,
            open_sessions,
            streams_per_user_max=ports.streams_per_user_max,
        ),
        explain=ExplainGeneration(ports.generations, ports.ledger),
        statement=ExportStatement(ports.ledger),
        open_checkout=OpenCheckoutHandler(ports.billing, public_url=ports.web.public_url),
        read_texts=ReadTexts(ports.texts),
        checks=ports.checks,
        alive=ports.alive,
    )


def make_web_app(deps: Deps) -> FastAPI:
    """REST and console in one app."""
    app = make_app(deps)
    mount_console(app, deps)
    return app


@asynccontextmanager
async def real_ports(
    settings: GatewaySettings,
) -> AsyncIterator[tuple[Ports, NatsEventFeed, nats.Connection]]:
    """The adapters that production runs, and the feed and the connection, which need their loops run."""
    async with AsyncExitStack() as stack:
        engine = create_engine(settings.database_url.get_secret_value())
        stack.push_async_callback(engine.dispose)
        connection = await nats.connect(
            settings.nats_url,
            user=settings.nats_user,
            password=settings.nats_password.get_secret_value(),
            name="gateway",
        )
        stack.push_async_callback(connection.close)
        feed = NatsEventFeed(connection.jetstream(), heartbeat_s=settings.heartbeat_s)
        fetching = await stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False))
        token = settings.caller_token.get_secret_value()

        async def to(target: str, *, retried: tuple[str, ...] | None = None) -> grpc.aio.Channel:
            opened = channel(target, token=token, retried=retried)
            stack.push_async_callback(opened.close)
            return opened

        async def database() -> None:
            await ping(engine)

        identity, clock = (
            GrpcIdentity(await to(settings.identity_target, retried=_SAFE_TO_REPEAT)),
            SystemClock(),
        )
        yield (
            Ports(
                identity=identity,
                billing=GrpcBilling(await to(settings.billing_target)),
                ledger=GrpcLedger(await to(settings.ledger_target)),
                generations=GrpcGenerations(await to(settings.generation_target)),
                feed=feed,
                event_ids=SealedEventIds(_session_keys(settings)),
                tokens=JwtAccessTokens(
                    identity, clock, issuer=settings.token_issuer, audience=settings.token_audience
                ),
                limits=LimitsRateLimits(settings.rate_limit_uri, _limits(settings)),
                sessions=PostgresConsoleSessions(engine, keys=_session_keys(settings)),
                texts=HttpTextOutputs(
                    fetching, origin=settings.media_origin, inside=settings.media_inside_origin
                ),
                clock=clock,
                web=_web(settings),
                session_idle=timedelta(seconds=settings.session_idle_s),
                session_lifetime=timedelta(seconds=settings.session_lifetime_s),
                session_state_s=settings.session_state_s,
                streams_per_user_max=settings.streams_per_user_max,
                # The services behind have checks of their own: one of them down must not take this one out.
                checks={"database": database, "nats": connection.answers, "events": feed.check},
                alive={"nats": connection.is_alive},
            ),
            feed,
            connection,
        )


def _bounds(settings: GatewaySettings) -> ConnectionBounds:
    return ConnectionBounds(
        open_max=room_for(settings.connections_max),
        per_client_max=settings.connections_per_client_max,
        header_s=settings.header_timeout_s,
        body_s=settings.body_timeout_s,
        stalled_s=settings.reader_timeout_s,
        trusted_proxies=settings.trusted_proxies,
    )


def _limits(settings: GatewaySettings) -> dict[Limit, str]:
    return {
        Limit.GENERATIONS: settings.generations_limit,
        Limit.QUOTES: settings.quotes_limit,
        Limit.CHECKOUT: settings.checkout_limit,
        Limit.AUTH: settings.auth_limit,
        Limit.READS: settings.reads_limit,
        Limit.CHANGES: settings.changes_limit,
    }


def _session_keys(settings: GatewaySettings) -> list[str]:
    return [key.strip() for key in settings.session_key.get_secret_value().split(",")]


def _web(settings: GatewaySettings) -> Web:
    return Web(
        public_url=settings.public_url,
        media_origin=settings.media_origin or "",
        checkout_origin=settings.checkout_origin or "",
    )


async def serve(settings: GatewaySettings) -> None:
    """Answer HTTP and follow the events until cancelled."""
    # Uvicorn's own setting: whose X-Forwarded-For is believed. Its default believes all of loopback.
    os.environ["FORWARDED_ALLOW_IPS"] = settings.trusted_proxies
    host, _, port = settings.http_listen.rpartition(":")
    async with real_ports(settings) as (ports, feed, connection):
        deps = wire(ports)
        app = OpenTelemetryMiddleware(make_web_app(deps), excluded_urls="healthz,readyz")
        await run_all(
            connection.run(),
            feed.run(),
            HealthServer(settings.metrics_listen, deps.checks, alive=deps.alive).run(),
            hear_of_ended_sessions(connection, deps.open_sessions),
            forever(deps.sessions.remove_expired, every_s=SWEEP_EVERY_S, name="remove_expired_sessions"),
            serve_http(
                app,
                host=host,
                port=int(port),
                grace_s=HTTP_GRACE_S,
                protocol=partial(BoundedConnection, connections=Connections(_bounds(settings))),
                idle_s=settings.idle_timeout_s,
            ),
        )


@dataclass(frozen=True, kw_only=True)
class MemoryWorld:
    """Adapters in memory, by what they are, so that tests can move them."""

    clock: Clock
    identity: MemoryIdentity
    billing: MemoryBilling
    ledger: MemoryLedger
    generations: MemoryGenerations
    feed: MemoryEventFeed
    sessions: MemoryConsoleSessions
    texts: MemoryTextOutputs
    ports: Ports


def memory_world(
    *, clock: Clock | None = None, public_url: str = "http://gateway.test", rates: str = "10000/minute"
) -> MemoryWorld:
    """Everything in memory; `rates` is the limit on everything that is limited."""
    clock = clock or SystemClock()
    identity = MemoryIdentity(clock)
    ledger = MemoryLedger(clock)
    generations = MemoryGenerations(clock, ledger)
    billing, feed, sessions = MemoryBilling(clock), MemoryEventFeed(), MemoryConsoleSessions()
    texts = MemoryTextOutputs()
    ports = Ports(
        identity=identity,
        billing=billing,
        ledger=ledger,
        generations=generations,
        feed=feed,
        event_ids=SealedEventIds([Fernet.generate_key().decode()]),
        tokens=JwtAccessTokens(identity, clock, issuer=ISSUER, audience=AUDIENCE),
        limits=LimitsRateLimits("memory://", dict.fromkeys(Limit, rates)),
        sessions=sessions,
        texts=texts,
        clock=clock,
        monotonic=lambda: clock.now().timestamp(),
        web=Web(
            public_url=public_url,
            media_origin="https://media.example",
            checkout_origin="https://checkout.example",
        ),
    )
    return MemoryWorld(
        clock=clock,
        identity=identity,
        billing=billing,
        ledger=ledger,
        generations=generations,
        feed=feed,
        sessions=sessions,
        texts=texts,
        ports=ports,
    )
