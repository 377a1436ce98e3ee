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
from gateway.application.discard_selected import DiscardSelectedHandler
from gateway.application.end_console_session import ConsoleSessionEnder
from gateway.application.explain_generation import ExplainGenerationHandler
from gateway.application.export_statement import ExportStatementHandler
from gateway.application.follow_events import FollowEventsHandler
from gateway.application.known_entitlements import KnownEntitlements
from gateway.application.log_in import LogInHandler
from gateway.application.log_out import LogOutHandler
from gateway.application.open_checkout import OpenCheckoutHandler
from gateway.application.open_console_session import ConsoleSessionOpener
from gateway.application.open_portal import OpenPortalHandler
from gateway.application.open_sessions import OpenSessions
from gateway.application.open_streams import OpenStreams
from gateway.application.read_selected import ReadSelectedHandler
from gateway.application.read_texts import ReadTextsHandler
from gateway.application.refresh_console_session import ConsoleSessionRefresher
from gateway.application.remove_expired_sessions import RemoveExpiredSessionsHandler
from gateway.application.restore_selected import RestoreSelectedHandler
from gateway.application.resume_session import ResumeSessionHandler
from gateway.application.set_auto_top_up import SetAutoTopUpHandler
from gateway.application.sign_up import SignUpHandler
from gateway.ports.access_tokens import AccessTokens
from gateway.ports.billing import Billing
from gateway.ports.clock import Clock
from gateway.ports.collections import Collections
from gateway.ports.console_sessions import ConsoleSessionStore
from gateway.ports.event_feed import EventFeed
from gateway.ports.event_ids import EventIds
from gateway.ports.generation import Generations
from gateway.ports.identity import Identity
from gateway.ports.ledger import Ledger
from gateway.ports.output_files import OutputFiles
from gateway.ports.rate_limits import RateLimits
from gateway.ports.shares import Shares
from gateway.ports.text_outputs import TextOutputs


@dataclass(frozen=True, kw_only=True)
class Ports:
    """An adapter for each port, and how long and how much."""

    identity: Identity
    billing: Billing
    ledger: Ledger
    generations: Generations
    shares: Shares
    collections: Collections
    feed: EventFeed
    event_ids: EventIds
    tokens: AccessTokens
    limits: RateLimits
    sessions: ConsoleSessionStore
    texts: TextOutputs
    output_files: OutputFiles
    clock: Clock
    web: Web
    session_idle: timedelta = timedelta(days=7)
    session_lifetime: timedelta = timedelta(days=30)
    session_state_s: float = 1.0
    entitlements_s: float = 30.0
    monotonic: Callable[[], float] = time.monotonic
    streams_per_user_max: int = 8
    checks: Mapping[str, Check] = field(default_factory=dict)
    alive: Mapping[str, Check] = field(default_factory=dict)


def wire(ports: Ports) -> Deps:
    """Wire the use cases over these ports."""
    secrets, store, clock = RandomSecrets(), ports.sessions, ports.clock
    open_sessions = OpenSessions(ports.identity, life_s=ports.session_state_s, monotonic=ports.monotonic)
    opener = ConsoleSessionOpener(
        store=store, secrets=secrets, clock=clock, idle=ports.session_idle, lifetime=ports.session_lifetime
    )
    ender = ConsoleSessionEnder(store, ports.identity)
    return Deps(
        web=ports.web,
        identity=ports.identity,
        billing=ports.billing,
        ledger=ports.ledger,
        generations=ports.generations,
        shares=ports.shares,
        collections=ports.collections,
        tokens=ports.tokens,
        open_sessions=open_sessions,
        entitlements=KnownEntitlements(ports.billing, life_s=ports.entitlements_s, monotonic=ports.monotonic),
        limits=ports.limits,
        secrets=secrets,
        clock=clock,
        sign_up=SignUpHandler(ports.identity, opener),
        log_in=LogInHandler(ports.identity, opener),
        log_out=LogOutHandler(ender),
        resume_session=ResumeSessionHandler(
            store=store,
            clock=clock,
            open_sessions=open_sessions,
            refresher=ConsoleSessionRefresher(store, ports.identity, clock),
            ender=ender,
            idle=ports.session_idle,
        ),
        remove_expired_sessions=RemoveExpiredSessionsHandler(store, clock),
        follow_events=FollowEventsHandler(
            feed=ports.feed,
            ids=ports.event_ids,
            generations=ports.generations,
            ledger=ports.ledger,
            clock=clock,
            open_sessions=open_sessions,
            open_streams=OpenStreams(per_user_max=ports.streams_per_user_max),
        ),
        explain_generation=ExplainGenerationHandler(ports.generations, ports.ledger),
        export_statement=ExportStatementHandler(ports.ledger),
        open_checkout=OpenCheckoutHandler(ports.billing, ports.web.public_url),
        open_portal=OpenPortalHandler(ports.billing, ports.web.public_url),
        set_auto_top_up=SetAutoTopUpHandler(ports.billing, ports.ledger),
        read_texts=ReadTextsHandler(ports.texts),
        read_selected=ReadSelectedHandler(ports.generations),
        restore_selected=RestoreSelectedHandler(ports.generations),
        discard_selected=DiscardSelectedHandler(ports.generations),
        output_files=ports.output_files,
        checks=ports.checks,
        alive=ports.alive,
    )


def make_web_app(deps: Deps) -> FastAPI:
    """REST and console in one app."""
    app = make_app(deps)
    mount_console(app, deps)
    return app
