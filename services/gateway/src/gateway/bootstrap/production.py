"""The adapters that production runs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import grpc
import httpx
from chassis import nats
from chassis.clock import SystemClock
from chassis.grpc_client import channel
from chassis.postgres import create_engine, ping

from gateway.adapters.inbound.deps import Web
from gateway.adapters.outbound.grpc_billing import GrpcBilling
from gateway.adapters.outbound.grpc_generation import GrpcGenerations
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.grpc_ledger import GrpcLedger
from gateway.adapters.outbound.http_text_outputs import TIMEOUT_S, HttpTextOutputs
from gateway.adapters.outbound.jwt import JwtAccessTokens
from gateway.adapters.outbound.nats_event_feed import NatsEventFeed
from gateway.adapters.outbound.postgres.console_sessions import PostgresConsoleSessions
from gateway.adapters.outbound.rate_limits import LimitsRateLimits
from gateway.adapters.outbound.sealed_event_ids import SealedEventIds
from gateway.bootstrap.parts import Ports
from gateway.ports.rate_limits import Limit
from gateway.settings import GatewaySettings

# Of identity's calls only these: a refresh token that is sent again is a stolen one, and a sign-up that
# is sent again finds its address taken. Every other service's commands carry a request id.
_SAFE_TO_REPEAT = tuple(
    f"tintype.identity.v1.IdentityService/{method}"
    for method in ("GetUser", "GetJwks", "LogOut", "CheckSessions")
)


@asynccontextmanager
async def real_ports(
    settings: GatewaySettings,
) -> AsyncIterator[tuple[Ports, NatsEventFeed, nats.Connection]]:
    """Open the adapters that production runs, and the feed and the connection, which need their loops run."""
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
