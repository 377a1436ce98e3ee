"""The deliverer of webhooks: hears what happened, and sends it to whoever wants to know."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from chassis.backoff import jittered
from chassis.clock import SystemClock
from chassis.dead_letters import DeadLetters, Handler
from chassis.process import forever
from chassis.service import database, service

from gateway.adapters.inbound.webhook_deliverer import WebhookDeliverer
from gateway.adapters.inbound.webhook_facts import SUBJECTS, WebhookFacts
from gateway.adapters.outbound.grpc_identity_webhooks import GrpcWebhookOwners
from gateway.adapters.outbound.http_webhook_sender import HttpWebhookSender
from gateway.adapters.outbound.postgres.tables import inbox
from gateway.adapters.outbound.postgres.webhook_queue import PostgresWebhookQueue
from gateway.adapters.outbound.webhook_secret_box import WebhookSecretBox
from gateway.application.attempt_delivery import AttemptDeliveryHandler
from gateway.application.claim_deliveries import ClaimDeliveriesHandler
from gateway.application.forget_webhooks import ForgetWebhooksHandler
from gateway.application.purge_webhooks import PurgeWebhooksHandler
from gateway.application.record_webhook import RecordWebhookHandler
from gateway.application.tell_webhook_owners import TellWebhookOwnersHandler
from gateway.ports.webhook_queue import WebhookQueue
from gateway.settings import DelivererSettings

PURGE_EVERY_S = 3_600.0
TELL_OWNERS_EVERY_S = 15.0


async def deliver_webhooks(settings: DelivererSettings) -> None:
    """Hear and deliver until cancelled."""
    async with service(settings, "gateway") as running:
        clock = SystemClock()
        queue = PostgresWebhookQueue(running.engine, WebhookSecretBox(settings.webhook_keys))
        sender = HttpWebhookSender(
            allow_loopback=settings.webhook_allow_loopback, timeout_s=settings.webhook_timeout_s
        )
        running.stack.push_async_callback(sender.close)
        heard = _facts(queue)
        deliverer = WebhookDeliverer(
            ClaimDeliveriesHandler(
                queue=queue, clock=clock, per_receiver_max=settings.webhook_per_receiver_max
            ),
            AttemptDeliveryHandler(
                queue=queue,
                sender=sender,
                clock=clock,
                spread=_spread,
                failing_max=timedelta(days=settings.webhook_failing_days),
            ),
            at_once=settings.webhook_concurrency,
            every_s=settings.webhook_every_s,
        )
        purge = PurgeWebhooksHandler(
            queue=queue, clock=clock, kept_for=timedelta(days=settings.webhook_log_days)
        )
        owners = GrpcWebhookOwners(running.channel(settings.identity_target, settings.caller_token))
        await running.run(
            *(
                running.consumer(stream, subjects, heard.handle).run()
                for stream, subjects in SUBJECTS.items()
            ),
            running.prune_inbox(inbox),
            deliverer.run(),
            forever(purge, every_s=PURGE_EVERY_S, name="purge webhooks"),
            forever(
                TellWebhookOwnersHandler(queue=queue, owners=owners),
                every_s=TELL_OWNERS_EVERY_S,
                name="tell owners of webhooks",
            ),
        )


@asynccontextmanager
async def replaying(settings: DelivererSettings) -> AsyncIterator[tuple[DeadLetters, Handler]]:
    """Return what was given up, and what is done with it once more."""
    async with database(settings, pool_size=2) as engine:
        queue = PostgresWebhookQueue(engine, WebhookSecretBox(settings.webhook_keys))
        yield DeadLetters(engine), _facts(queue).handle


def _facts(queue: WebhookQueue) -> WebhookFacts:
    return WebhookFacts(RecordWebhookHandler(queue, SystemClock()), ForgetWebhooksHandler(queue))


def _spread(delay: timedelta) -> timedelta:
    """Return between nine tenths of a delay and a tenth more: a receiver's own pause stays recognisable."""
    return delay * (0.7 + 0.4 * jittered(1.0))
