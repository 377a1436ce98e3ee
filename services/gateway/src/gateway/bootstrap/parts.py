"""An adapter for each port, and the use cases over them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from chassis.health import Check
from fastapi import FastAPI

from gateway.adapters.inbound.app import make_app
from gateway.adapters.inbound.console import mount_console
from gateway.adapters.inbound.deps import Compatible, Deps, Web
from gateway.adapters.inbound.webhook_messages import GenerationTexts
from gateway.adapters.outbound.random import RandomSecrets
from gateway.application.add_webhook_endpoint import AddWebhookEndpointHandler
from gateway.application.change_plan import ChangePlanHandler
from gateway.application.change_webhook_endpoint import ChangeWebhookEndpointHandler
from gateway.application.complete_log_in import CompleteLogInHandler
from gateway.application.complete_sign_in import CompleteSignInHandler
from gateway.application.correct_balance import CorrectBalanceHandler
from gateway.application.create_with_previews import PreviewedCreation
from gateway.application.discard_selected import DiscardSelectedHandler
from gateway.application.end_console_session import ConsoleSessionEnder
from gateway.application.explain_generation import ExplainGenerationHandler
from gateway.application.export_records import ExportRecordsHandler
from gateway.application.export_statement import ExportStatementHandler
from gateway.application.export_usage import ExportUsageHandler
from gateway.application.follow_events import FollowEventsHandler
from gateway.application.known_entitlements import KnownEntitlements
from gateway.application.known_keys import KnownKeys
from gateway.application.known_sign_in import KnownSignInOptions
from gateway.application.log_in import LogInHandler
from gateway.application.log_out import LogOutHandler
from gateway.application.open_checkout import OpenCheckoutHandler
from gateway.application.open_console_session import ConsoleSessionOpener
from gateway.application.open_portal import OpenPortalHandler
from gateway.application.open_sessions import OpenSessions
from gateway.application.open_streams import OpenStreams
from gateway.application.read_account import AccountReader
from gateway.application.read_dead_letters import ReadDeadLetters
from gateway.application.read_list_of_person import (
    ReadListOfPersonHandler,
    entries_of,
    generations_of,
    purchases_of,
)
from gateway.application.read_person import ReadPersonHandler
from gateway.application.read_selected import ReadSelectedHandler
from gateway.application.read_texts import ReadTextsHandler
from gateway.application.refresh_console_session import ConsoleSessionRefresher
from gateway.application.remove_ended_sessions import RemoveEndedSessionsHandler
from gateway.application.remove_expired_sessions import RemoveExpiredSessionsHandler
from gateway.application.replay_dead_letter import ReplayDeadLetterHandler
from gateway.application.restore_selected import RestoreSelectedHandler
from gateway.application.resume_session import ResumeSessionHandler
from gateway.application.rotate_webhook_secret import RotateWebhookSecretHandler
from gateway.application.run_chat import RunChatHandler
from gateway.application.run_generation import RunGenerationHandler
from gateway.application.send_test_webhook import SendTestWebhookHandler
from gateway.application.set_auto_top_up import SetAutoTopUpHandler
from gateway.application.set_avatar import SetAvatarHandler
from gateway.application.sign_in_with_passkey import SignInWithPasskeyHandler
from gateway.application.sign_up import SignUpHandler
from gateway.application.standing_proofs import StandingProofs
from gateway.application.start_generation import StartGenerationHandler
from gateway.application.unanswered_generations import UnansweredGenerations
from gateway.application.wait_as_preferred import WaitAsPreferredHandler
from gateway.application.wait_for_generation import WaitForGenerationHandler
from gateway.application.waiting_room import WaitingRoom
from gateway.ports.access_tokens import AccessTokens
from gateway.ports.administration import Administration
from gateway.ports.billing import Billing
from gateway.ports.clock import Clock
from gateway.ports.collections import Collections
from gateway.ports.console_sessions import ConsoleSessionStore
from gateway.ports.dead_letters import DeadLetters
from gateway.ports.event_feed import EventFeed
from gateway.ports.event_ids import EventIds
from gateway.ports.generation import Generations
from gateway.ports.id_source import IdSource
from gateway.ports.identity import Identity
from gateway.ports.interactive_generations import InteractiveGenerations
from gateway.ports.ledger import Ledger
from gateway.ports.output_contents import OutputContents
from gateway.ports.output_files import OutputFiles
from gateway.ports.passkeys import Passkeys
from gateway.ports.rate_limits import RateLimits
from gateway.ports.shares import Shares
from gateway.ports.sign_in import SignIn
from gateway.ports.text_outputs import TextOutputs
from gateway.ports.uploads import Uploads
from gateway.ports.usage_log import UsageLog
from gateway.ports.webhook_endpoints import WebhookEndpoints
from gateway.ports.webhook_queue import WebhookQueue
from gateway.ports.webhook_sender import WebhookAddresses


@dataclass(frozen=True, kw_only=True)
class Ports:
    """An adapter for each port, and how long and how much."""

    identity: Identity
    administration: Administration
    dead_letters: Mapping[str, DeadLetters]
    sign_in: SignIn
    passkeys: Passkeys
    billing: Billing
    ledger: Ledger
    generations: Generations
    interactive: InteractiveGenerations
    shares: Shares
    collections: Collections
    uploads: Uploads
    usage_log: UsageLog
    feed: EventFeed
    event_ids: EventIds
    tokens: AccessTokens
    limits: RateLimits
    sessions: ConsoleSessionStore
    texts: TextOutputs
    output_files: OutputFiles
    output_contents: OutputContents
    webhook_endpoints: WebhookEndpoints
    webhook_addresses: WebhookAddresses
    webhook_queue: WebhookQueue
    ids: IdSource
    clock: Clock
    web: Web
    compatible: Compatible = field(default_factory=Compatible)
    session_idle: timedelta = timedelta(days=7)
    session_lifetime: timedelta = timedelta(days=30)
    session_state_s: float = 1.0
    entitlements_s: float = 30.0
    sign_in_options_s: float = 10.0
    monotonic: Callable[[], float] = time.monotonic
    streams_per_user_max: int = 8
    wait_max_s: int = 60
    waits_max: int = 1_000
    waits_per_user_max: int = 16
    checks: Mapping[str, Check] = field(default_factory=dict)
    alive: Mapping[str, Check] = field(default_factory=dict)


def wire(ports: Ports) -> Deps:
    """Wire the use cases over these ports."""
    secrets, store, clock = RandomSecrets(), ports.sessions, ports.clock
    open_sessions = OpenSessions(ports.identity, life_s=ports.session_state_s, monotonic=ports.monotonic)
    known_keys = KnownKeys(ports.identity, life_s=ports.session_state_s, monotonic=ports.monotonic)
    opener = ConsoleSessionOpener(
        store=store, secrets=secrets, clock=clock, idle=ports.session_idle, lifetime=ports.session_lifetime
    )
    ender = ConsoleSessionEnder(store, ports.identity)
    proofs = StandingProofs(open_sessions, known_keys)
    wait_for_generation = WaitForGenerationHandler(
        feed=ports.feed, generations=ports.generations, proofs=proofs
    )
    unanswered = UnansweredGenerations(generations=ports.generations)
    room = WaitingRoom(places=ports.waits_max, per_user_max=ports.waits_per_user_max)
    return Deps(
        web=ports.web,
        compatible=ports.compatible,
        identity=ports.identity,
        administration=ports.administration,
        sign_in=ports.sign_in,
        passkeys=ports.passkeys,
        sign_in_options=KnownSignInOptions(
            ports.sign_in, life_s=ports.sign_in_options_s, monotonic=ports.monotonic
        ),
        complete_sign_in=CompleteSignInHandler(ports.sign_in, opener),
        billing=ports.billing,
        ledger=ports.ledger,
        generations=ports.generations,
        shares=ports.shares,
        collections=ports.collections,
        uploads=ports.uploads,
        usage_log=ports.usage_log,
        tokens=ports.tokens,
        open_sessions=open_sessions,
        known_keys=known_keys,
        entitlements=KnownEntitlements(ports.billing, life_s=ports.entitlements_s, monotonic=ports.monotonic),
        limits=ports.limits,
        secrets=secrets,
        clock=clock,
        sign_up=SignUpHandler(ports.identity, opener),
        log_in=LogInHandler(ports.identity, opener),
        complete_log_in=CompleteLogInHandler(ports.identity, opener),
        sign_in_with_passkey=SignInWithPasskeyHandler(ports.passkeys, opener),
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
        remove_ended_sessions=RemoveEndedSessionsHandler(store, ports.identity),
        follow_events=FollowEventsHandler(
            feed=ports.feed,
            ids=ports.event_ids,
            generations=ports.generations,
            ledger=ports.ledger,
            clock=clock,
            proofs=proofs,
            open_streams=OpenStreams(per_user_max=ports.streams_per_user_max),
        ),
        wait_for_generation=wait_for_generation,
        wait_as_preferred=WaitAsPreferredHandler(
            wait_for_generation=wait_for_generation,
            room=room,
            wait_max_s=ports.wait_max_s,
        ),
        run_chat=RunChatHandler(ports.interactive, proofs),
        run_generation=RunGenerationHandler(
            ports.generations,
            wait_for_generation,
            room,
            unanswered,
            PreviewedCreation(ports.generations, ports.interactive),
        ),
        explain_generation=ExplainGenerationHandler(ports.generations, ports.ledger),
        read_person=ReadPersonHandler(
            ports.administration, ports.identity, ports.ledger, ports.billing, ports.generations
        ),
        read_entries_of_person=ReadListOfPersonHandler(ports.administration, entries_of(ports.ledger)),
        read_generations_of_person=ReadListOfPersonHandler(
            ports.administration, generations_of(ports.generations)
        ),
        read_purchases_of_person=ReadListOfPersonHandler(ports.administration, purchases_of(ports.billing)),
        correct_balance=CorrectBalanceHandler(ports.identity, ports.ledger),
        dead_letters=ReadDeadLetters(ports.dead_letters),
        replay_dead_letter=ReplayDeadLetterHandler(ports.dead_letters),
        export_records=ExportRecordsHandler(ports.administration),
        export_statement=ExportStatementHandler(ports.ledger),
        account=AccountReader(
            ports.identity,
            ports.passkeys,
            ports.billing,
            ports.generations,
            ports.uploads,
            ports.collections,
        ),
        export_usage=ExportUsageHandler(ports.usage_log),
        open_checkout=OpenCheckoutHandler(ports.billing, ports.identity, ports.web.public_url),
        change_plan=ChangePlanHandler(ports.billing, ports.identity),
        open_portal=OpenPortalHandler(ports.billing, ports.web.public_url),
        set_auto_top_up=SetAutoTopUpHandler(ports.billing, ports.ledger, ports.identity),
        set_avatar=SetAvatarHandler(ports.uploads, ports.identity),
        read_texts=ReadTextsHandler(ports.texts),
        read_selected=ReadSelectedHandler(ports.generations),
        restore_selected=RestoreSelectedHandler(ports.generations),
        discard_selected=DiscardSelectedHandler(ports.generations),
        output_files=ports.output_files,
        output_contents=ports.output_contents,
        webhook_endpoints=ports.webhook_endpoints,
        add_webhook_endpoint=AddWebhookEndpointHandler(
            ports.webhook_endpoints, ports.webhook_addresses, ports.ids, secrets, clock
        ),
        change_webhook_endpoint=ChangeWebhookEndpointHandler(
            ports.webhook_endpoints, ports.webhook_addresses, clock
        ),
        rotate_webhook_secret=RotateWebhookSecretHandler(ports.webhook_endpoints, secrets, clock),
        send_test_webhook=SendTestWebhookHandler(ports.webhook_endpoints, ports.ids, clock),
        start_generation=StartGenerationHandler(
            generations=ports.generations,
            endpoints=ports.webhook_endpoints,
            addresses=ports.webhook_addresses,
            queue=ports.webhook_queue,
            texts=GenerationTexts(),
            secrets=secrets,
            clock=clock,
        ),
        unanswered=unanswered,
        checks=ports.checks,
        alive=ports.alive,
    )


def make_web_app(deps: Deps) -> FastAPI:
    """REST and console in one app."""
    app = make_app(deps)
    mount_console(app, deps)
    return app
