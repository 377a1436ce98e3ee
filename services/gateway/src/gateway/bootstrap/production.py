"""The adapters that production runs."""

from datetime import timedelta

import httpx
from chassis.clock import SystemClock
from chassis.ids import UuidIds
from chassis.service import Running

from gateway.adapters.inbound.deps import Compatible, Web
from gateway.adapters.outbound.grpc_billing import GrpcBilling
from gateway.adapters.outbound.grpc_dead_letters import GrpcDeadLetters
from gateway.adapters.outbound.grpc_generation import GrpcGenerations, GrpcShares
from gateway.adapters.outbound.grpc_generation_collections import GrpcCollections
from gateway.adapters.outbound.grpc_generation_contents import GrpcOutputContents
from gateway.adapters.outbound.grpc_generation_uploads import GrpcUploads
from gateway.adapters.outbound.grpc_generation_usage import GrpcUsageLog
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.grpc_identity_admin import GrpcAdministration
from gateway.adapters.outbound.grpc_identity_passkeys import GrpcPasskeys
from gateway.adapters.outbound.grpc_identity_sign_in import GrpcSignIn
from gateway.adapters.outbound.grpc_interactive import (
    UNREAD_MAX_BYTES,
    GrpcInteractiveGenerations,
    NoInteractiveGenerations,
)
from gateway.adapters.outbound.grpc_ledger import GrpcLedger
from gateway.adapters.outbound.http_output_files import HttpOutputFiles
from gateway.adapters.outbound.http_text_outputs import TIMEOUT_S, HttpTextOutputs
from gateway.adapters.outbound.http_webhook_sender import HttpWebhookSender
from gateway.adapters.outbound.jwt import JwtAccessTokens
from gateway.adapters.outbound.media_store import MediaStore
from gateway.adapters.outbound.nats_event_feed import NatsEventFeed
from gateway.adapters.outbound.postgres.console_sessions import PostgresConsoleSessions
from gateway.adapters.outbound.postgres.webhook_endpoints import PostgresWebhookEndpoints
from gateway.adapters.outbound.postgres.webhook_queue import PostgresWebhookQueue
from gateway.adapters.outbound.rate_limits import LimitsRateLimits
from gateway.adapters.outbound.sealed_event_ids import SealedEventIds
from gateway.adapters.outbound.webhook_secret_box import WebhookSecretBox
from gateway.bootstrap.parts import Ports
from gateway.domain.identifiers import ModelId
from gateway.ports.interactive_generations import InteractiveGenerations
from gateway.ports.rate_limits import Limit
from gateway.settings import GatewaySettings

# A chat of 8 MiB, and a whole answer of 12.
CHAT_MESSAGE_MAX_BYTES = 16 * 1024 * 1024
# Of identity's calls only these: a refresh token that is sent again is a stolen one, and a sign-up that
# is sent again finds its address taken. Every other service's commands carry a request id.
_SAFE_TO_REPEAT = tuple(
    f"tintype.identity.v1.IdentityService/{method}"
    for method in (
        "GetUser",
        "GetJwks",
        "LogOut",
        "CheckSessions",
        "ListSessions",
        "EndSession",
        "GetSignInOptions",
        "GetSignInMethods",
        "ListPasskeys",
    )
)


async def real_ports(settings: GatewaySettings, running: Running, feed: NatsEventFeed) -> Ports:
    """Return the adapters that production runs; they are closed with the service."""
    fetching = await running.opened(httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False))
    store = MediaStore(settings.media_origin, settings.media_inside_origin)
    token, clock = settings.caller_token, SystemClock()
    to_identity = running.channel(settings.identity_target, token, retried=_SAFE_TO_REPEAT)
    identity = GrpcIdentity(to_identity)
    generation = running.channel(settings.generation_target, token)
    contents = GrpcOutputContents(generation)
    billing = running.channel(settings.billing_target, token)
    ledger = running.channel(settings.ledger_target, token)
    return Ports(
        identity=identity,
        administration=GrpcAdministration(to_identity),
        sign_in=GrpcSignIn(to_identity),
        passkeys=GrpcPasskeys(to_identity),
        billing=GrpcBilling(billing),
        ledger=GrpcLedger(ledger),
        dead_letters={
            service: GrpcDeadLetters(service, channel)
            for service, channel in (
                ("identity", to_identity),
                ("billing", billing),
                ("ledger", ledger),
                ("generation", generation),
            )
        },
        generations=GrpcGenerations(generation, origin=settings.public_url),
        interactive=_interactive(settings, running),
        shares=GrpcShares(generation, origin=settings.public_url),
        collections=GrpcCollections(generation, origin=settings.public_url),
        uploads=GrpcUploads(generation),
        usage_log=GrpcUsageLog(generation),
        feed=feed,
        event_ids=SealedEventIds(_session_keys(settings)),
        tokens=JwtAccessTokens(
            identity, clock, issuer=settings.token_issuer, audience=settings.token_audience
        ),
        limits=LimitsRateLimits(settings.rate_limit_uri, _limits(settings)),
        sessions=PostgresConsoleSessions(running.engine, keys=_session_keys(settings)),
        texts=HttpTextOutputs(fetching, store, contents),
        output_files=HttpOutputFiles(fetching, store, contents),
        output_contents=contents,
        webhook_endpoints=PostgresWebhookEndpoints(running.engine, WebhookSecretBox(settings.webhook_keys)),
        webhook_queue=PostgresWebhookQueue(running.engine, WebhookSecretBox(settings.webhook_keys)),
        webhook_addresses=await webhook_sender(settings, running),
        ids=UuidIds(),
        clock=clock,
        web=_web(settings),
        compatible=Compatible(
            aliases={name: ModelId(model) for name, model in settings.openai_models.items()},
            wait_max_s=settings.openai_wait_s,
        ),
        session_idle=timedelta(seconds=settings.session_idle_s),
        session_lifetime=timedelta(seconds=settings.session_lifetime_s),
        session_state_s=settings.session_state_s,
        streams_per_user_max=settings.streams_per_user_max,
        wait_max_s=settings.wait_max_s,
        waits_max=settings.waits_max,
        waits_per_user_max=settings.waits_per_user_max,
        # The services behind have checks of their own: one of them down must not take this one out.
        checks={**running.checks, "events": feed.check},
        alive=running.alive,
    )


async def webhook_sender(settings: GatewaySettings, running: Running) -> HttpWebhookSender:
    """Return what sends webhooks, and knows where to; it is closed with the service."""
    sender = HttpWebhookSender(
        allow_loopback=settings.webhook_allow_loopback, timeout_s=settings.webhook_timeout_s
    )
    running.stack.push_async_callback(sender.close)
    return sender


def _interactive(settings: GatewaySettings, running: Running) -> InteractiveGenerations:
    if settings.generation_interactive_target is None:
        return NoInteractiveGenerations()
    # A call that is made again without its answer would be another chat.
    channel = running.channel(
        settings.generation_interactive_target,
        settings.caller_token,
        retried=(),
        message_max_bytes=CHAT_MESSAGE_MAX_BYTES,
        unread_max_bytes=UNREAD_MAX_BYTES,
    )
    return GrpcInteractiveGenerations(channel, origin=settings.public_url)


def _limits(settings: GatewaySettings) -> dict[Limit, str]:
    return {
        Limit.GENERATIONS: settings.generations_limit,
        Limit.QUOTES: settings.quotes_limit,
        Limit.CHECKOUT: settings.checkout_limit,
        Limit.AUTH: settings.auth_limit,
        Limit.READS: settings.reads_limit,
        Limit.CHANGES: settings.changes_limit,
        Limit.SHARED: settings.shared_limit,
        Limit.UPLOADS: settings.uploads_limit,
        Limit.WEBHOOKS: settings.webhooks_limit,
        Limit.EXPORTS: settings.exports_limit,
    }


def _session_keys(settings: GatewaySettings) -> list[str]:
    return [key.strip() for key in settings.session_key.get_secret_value().split(",")]


def _web(settings: GatewaySettings) -> Web:
    return Web(
        public_url=settings.public_url,
        media_origin=settings.media_origin or "",
        checkout_origin=settings.checkout_origin or "",
        portal_origin=settings.portal_origin or "",
        shows_components=settings.components_page,
    )
