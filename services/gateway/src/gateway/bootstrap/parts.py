"""An adapter for each port, and the use cases over them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from chassis.health import Check
from fastapi import FastAPI

from gateway.adapters.inbound.app import make_app
from gateway.adapters.inbound.console import mount_console
from gateway.adapters.inbound.deps import Deps, Web
from gateway.adapters.outbound.random import RandomSecrets
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
from gateway.ports.rate_limits import RateLimits
from gateway.ports.text_outputs import TextOutputs


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
        clock=ports.clock,
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
