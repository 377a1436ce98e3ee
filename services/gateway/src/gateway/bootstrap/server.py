"""The server: HTTP, and the loops beside it."""

import os
from functools import partial

from chassis.health import serve_http
from chassis.process import forever
from chassis.service import service
from chassis.telemetry import spans_leave
from fastapi import FastAPI
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

from gateway.adapters.inbound.bounded_connection import BoundedConnection
from gateway.adapters.inbound.changed_plans import hear_of_changed_plans
from gateway.adapters.inbound.connections import ConnectionBounds, Connections, room_for
from gateway.adapters.inbound.ended_sessions import hear_of_ended_sessions
from gateway.adapters.inbound.joined_trace import JoinedTrace
from gateway.adapters.inbound.revoked_keys import hear_of_revoked_keys
from gateway.adapters.outbound.nats_event_feed import NatsEventFeed
from gateway.bootstrap.parts import make_web_app, wire
from gateway.bootstrap.production import real_ports
from gateway.settings import GatewaySettings

# Together less than a process has to drain: requests first, then what they leave to be withdrawn.
HTTP_GRACE_S, WITHDRAW_GRACE_S = 5, 4
SWEEP_EVERY_S = 600.0
LOOK_EVERY_S = 60.0
# A trace keeps addresses: that of a link or of a text opens it, a webhook's may hold what it is known by.
UNTRACED = "healthz,readyz,/s/,/v1/outputs/,/webhooks/providers/"


async def serve(settings: GatewaySettings) -> None:
    """Answer HTTP and follow the events until cancelled."""
    # Uvicorn's own setting: whose X-Forwarded-For is believed. Its default believes all of loopback.
    os.environ["FORWARDED_ALLOW_IPS"] = settings.trusted_proxies
    host, _, port = settings.http_listen.rpartition(":")
    async with service(settings, "gateway") as running:
        feed = NatsEventFeed(running.jetstream, heartbeat_s=settings.heartbeat_s)
        deps = wire(await real_ports(settings, running, feed))
        running.stack.push_async_callback(deps.unanswered.end, within_s=WITHDRAW_GRACE_S)
        app = traced(make_web_app(deps))
        await running.run(
            feed.run(),
            hear_of_ended_sessions(running.nats, deps.open_sessions),
            hear_of_revoked_keys(running.nats, deps.known_keys),
            hear_of_changed_plans(running.nats, deps.entitlements),
            forever(deps.remove_expired_sessions, every_s=SWEEP_EVERY_S, name="remove_expired_sessions"),
            forever(deps.remove_ended_sessions, every_s=LOOK_EVERY_S, name="remove_ended_sessions"),
            serve_http(
                app,
                host=host,
                port=int(port),
                grace_s=HTTP_GRACE_S,
                protocol=partial(BoundedConnection, connections=Connections(_bounds(settings))),
                idle_s=settings.idle_timeout_s,
            ),
            listen=settings.metrics_listen,
            checks={"events": feed.check},
        )


def traced(app: FastAPI) -> OpenTelemetryMiddleware | JoinedTrace:
    """Have each request in a trace: with spans where somebody is sent them."""
    return OpenTelemetryMiddleware(app, excluded_urls=UNTRACED) if spans_leave() else JoinedTrace(app)


def _bounds(settings: GatewaySettings) -> ConnectionBounds:
    return ConnectionBounds(
        open_max=room_for(settings.connections_max),
        per_client_max=settings.connections_per_client_max,
        header_s=settings.header_timeout_s,
        body_s=settings.body_timeout_s,
        upload_s=settings.upload_timeout_s,
        stalled_s=settings.reader_timeout_s,
        trusted_proxies=settings.trusted_proxies,
    )
