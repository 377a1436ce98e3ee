"""What webhooks say, made of what happened."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from chassis.events import IncomingEvent
from chassis.timestamps import to_datetime
from tintype.billing.v1 import events_pb2 as billing
from tintype.generation.v1 import events_pb2 as generation
from tintype.ledger.v1 import events_pb2 as ledger

from gateway.adapters.inbound.rest.answers import webhook_event as told
from gateway.adapters.inbound.rest.answers.answer import Answer
from gateway.adapters.inbound.rest.answers.balance import Balance
from gateway.adapters.inbound.rest.answers.event import PaymentCompleted
from gateway.adapters.outbound import ledger_messages
from gateway.domain.generation import Generation, GenerationStatus
from gateway.domain.identifiers import GenerationId, MessageId, UserId, WebhookEndpointId
from gateway.domain.webhook import WebhookMessage

Told = tuple[type[Answer], Answer]


def payload_of_test(endpoint_id: WebhookEndpointId, *, now: datetime) -> str:
    """Return what an endpoint is sent for a try."""
    return _payload(told.WebhookTestEvent, told.WebhookTest(webhook_endpoint_id=endpoint_id), at=now)


def message_of(event: IncomingEvent) -> WebhookMessage | None:
    """Return how a fact is told, None for one that is not. Raises Refused for what can't be read."""
    known = _READERS.get(event.ce_type)
    if known is None:
        return None
    message_type, read = known
    fact = event.read(message_type)
    said = read(fact)
    if said is None:
        return None
    kind, data = said
    generation_id = GenerationId(data.id) if isinstance(data, told.WebhookGeneration) else None
    return WebhookMessage(
        # Of the fact alone: whoever is sent it twice knows it again, whichever process heard it.
        message_id=_message_id(kind, generation_id or event.event_id),
        account_id=UserId(event.account),
        event_type=told.type_of(kind),
        payload=_payload(kind, data, at=to_datetime(fact.occurred_at)),
        generation_id=generation_id,
    )


class GenerationTexts:
    """Implements WebhookTexts."""

    def ended(self, generation: Generation) -> WebhookMessage | None:
        """See WebhookTexts."""
        kind = _ENDINGS.get(generation.status)
        if kind is None:
            return None
        data = told.WebhookGeneration(
            id=generation.generation_id,
            status=generation.status,
            credits_charged=generation.credits_charged,
            output_count=len(generation.outputs),
            failure_reason=generation.failure.reason if generation.failure else None,
        )
        return WebhookMessage(
            message_id=_message_id(kind, generation.generation_id),
            account_id=generation.account_id,
            event_type=told.type_of(kind),
            payload=_payload(kind, data, at=generation.finished_at or generation.created_at),
            generation_id=generation.generation_id,
        )


def _message_id(kind: type[Answer], of: str) -> MessageId:
    """Name what is told: a generation ends once, whoever says so; of anything else a fact is told once."""
    digest = hashlib.sha256(f"{told.type_of(kind)} {of}".encode()).hexdigest()
    return MessageId(f"msg_{digest[:32]}")


def _payload(kind: type[Answer], data: Answer, *, at: datetime) -> str:
    fields: dict[str, Any] = {"api_version": told.VERSION, "timestamp": at, "data": data}
    return kind(**fields).model_dump_json()


def _succeeded(fact: generation.GenerationSucceeded) -> Told:
    return told.GenerationSucceededEvent, told.WebhookGeneration(
        id=fact.generation_id,
        status=GenerationStatus.SUCCEEDED,
        credits_charged=fact.charge_credits,
        output_count=fact.output_count,
        failure_reason=None,
    )


def _failed(fact: generation.GenerationFailed) -> Told:
    return told.GenerationFailedEvent, told.WebhookGeneration(
        id=fact.generation_id,
        status=GenerationStatus.FAILED,
        credits_charged=0,
        output_count=0,
        failure_reason=fact.reason,
    )


def _cancelled(fact: generation.GenerationCancelled) -> Told:
    return told.GenerationCancelledEvent, told.WebhookGeneration(
        id=fact.generation_id,
        status=GenerationStatus.CANCELLED,
        credits_charged=0,
        output_count=0,
        failure_reason=None,
    )


def _low(fact: ledger.BalanceLow) -> Told:
    balance = Balance.of(ledger_messages.balance(fact.balance))
    return told.CreditsLowEvent, told.WebhookCreditsLow(threshold=fact.threshold, balance=balance)


def _charged(fact: ledger.CreditsCharged) -> Told:
    return told.CreditsChargedEvent, told.WebhookCreditsCharged(
        generation_id=fact.generation_id or None,
        charged=fact.charged,
        returned=fact.refunded,
        balance=Balance.of(ledger_messages.balance(fact.balance)),
    )


def _paid(fact: billing.PaymentCompleted) -> Told:
    return told.PaymentCompletedEvent, PaymentCompleted(
        payment_id=fact.payment_id,
        purchase_id=fact.purchase_id,
        pack=fact.pack_id,
        credits=fact.credits,
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        created_at=to_datetime(fact.occurred_at),
    )


def _refunded(fact: billing.PaymentRefunded) -> Told | None:
    if fact.reversed:
        # What still is refunded is told in the series that follows.
        return None
    return told.PaymentRefundedEvent, told.WebhookRefund(
        payment_id=fact.payment_id,
        purchase_id=fact.purchase_id,
        refunded_credits=fact.refunded_credits,
        refunded_minor=fact.refunded_minor,
        currency=fact.currency,
    )


_ENDINGS: dict[GenerationStatus, type[Answer]] = {
    GenerationStatus.SUCCEEDED: told.GenerationSucceededEvent,
    GenerationStatus.FAILED: told.GenerationFailedEvent,
    GenerationStatus.CANCELLED: told.GenerationCancelledEvent,
}
_READERS: dict[str, tuple[Any, Callable[[Any], Told | None]]] = {
    message_type.DESCRIPTOR.full_name: (message_type, read)
    for message_type, read in (
        (generation.GenerationSucceeded, _succeeded),
        (generation.GenerationFailed, _failed),
        (generation.GenerationCancelled, _cancelled),
        (ledger.BalanceLow, _low),
        (ledger.CreditsCharged, _charged),
        (billing.PaymentCompleted, _paid),
        (billing.PaymentRefunded, _refunded),
    )
}
