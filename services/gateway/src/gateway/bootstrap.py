"""The composition root: every part made and wired. Tests wire the same app on ports in memory."""

from dataclasses import dataclass
from datetime import timedelta

from chassis.clock import SystemClock
from fastapi import FastAPI

from gateway.adapters.inbound.app import make_app
from gateway.adapters.inbound.console import mount_console
from gateway.adapters.inbound.deps import Deps, Web
from gateway.adapters.outbound.jwt import JwtAccessTokens
from gateway.adapters.outbound.memory.billing import MemoryBilling
from gateway.adapters.outbound.memory.console_sessions import MemoryConsoleSessions
from gateway.adapters.outbound.memory.event_feed import MemoryEventFeed
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.identity import AUDIENCE, ISSUER, MemoryIdentity
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.adapters.outbound.random import RandomSecrets
from gateway.adapters.outbound.rate_limits import LimitsRateLimits
from gateway.application.console_sessions import ConsoleSessions
from gateway.application.explain_generation import ExplainGeneration
from gateway.application.export_statement import ExportStatement
from gateway.application.follow_events import FollowEvents
from gateway.application.open_checkout import OpenCheckoutHandler
from gateway.ports.access_tokens import AccessTokens
from gateway.ports.billing import Billing
from gateway.ports.clock import Clock
from gateway.ports.console_sessions import ConsoleSessionStore
from gateway.ports.event_feed import EventFeed
from gateway.ports.generation import Generations
from gateway.ports.identity import Identity
from gateway.ports.ledger import Ledger
from gateway.ports.rate_limits import Limit, RateLimits


@dataclass(frozen=True, kw_only=True)
class Ports:
    """An adapter for each port, and how long and how much."""

    identity: Identity
    billing: Billing
    ledger: Ledger
    generations: Generations
    feed: EventFeed
    tokens: AccessTokens
    limits: RateLimits
    sessions: ConsoleSessionStore
    clock: Clock
    web: Web
    session_idle: timedelta = timedelta(days=7)
    session_lifetime: timedelta = timedelta(days=30)
    streams_per_user_max: int = 8


def wire(ports: Ports) -> Deps:
    """The use cases over these ports."""
    secrets = RandomSecrets()
    return Deps(
        web=ports.web,
        identity=ports.identity,
        billing=ports.billing,
        ledger=ports.ledger,
        generations=ports.generations,
        tokens=ports.tokens,
        limits=ports.limits,
        secrets=secrets,
        sessions=ConsoleSessions(
            ports.identity,
            ports.sessions,
            secrets,
            ports.clock,
            idle=ports.session_idle,
            lifetime=ports.session_lifetime,
        ),
        follow_events=FollowEvents(
            ports.feed,
            ports.generations,
            ports.clock,
            streams_per_user_max=ports.streams_per_user_max,
        ),
        explain=ExplainGeneration(ports.generations, ports.ledger),
        statement=ExportStatement(ports.ledger),
        open_checkout=OpenCheckoutHandler(ports.billing, public_url=ports.web.public_url),
    )


def make_web_app(deps: Deps) -> FastAPI:
    """REST and console in one app."""
    app = make_app(deps)
    mount_console(app, deps)
    return app


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
    ports = Ports(
        identity=identity,
        billing=billing,
        ledger=ledger,
        generations=generations,
        feed=feed,
        tokens=JwtAccessTokens(identity, clock, issuer=ISSUER, audience=AUDIENCE),
        limits=LimitsRateLimits("memory://", dict.fromkeys(Limit, rates)),
        sessions=sessions,
        clock=clock,
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
        ports=ports,
    )
