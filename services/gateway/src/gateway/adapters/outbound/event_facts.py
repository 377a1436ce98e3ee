"""Published facts as the gateway understands them; those that concern no client are None."""

from collections.abc import Callable
from typing import Any

from chassis.events import IncomingEvent, Refused
from chassis.timestamps import to_datetime
from tintype.billing.v1 import events_pb2 as billing
from tintype.generation.v1 import events_pb2 as generation
from tintype.ledger.v1 import events_pb2 as ledger

from gateway.adapters.outbound import ledger_messages
from gateway.adapters.outbound.wire import members
from gateway.domain.event import BalanceChanged, Fact, GenerationMoved, PaymentReceived, PlanChanged
from gateway.domain.generation import GenerationStatus
from gateway.domain.identifiers import GenerationId, PackId, PaymentId, PlanId, PurchaseId, SubscriptionId
from gateway.domain.subscription import BillingInterval, SubscriptionStatus


def fact_of(event: IncomingEvent) -> Fact | None:
    """Read one fact. Raises Refused for one that its sender may not tell or that can't be read."""
    known = _READERS.get(event.ce_type)
    if known is None:
        return None
    message_type, read = known
    message = event.read(message_type)
    try:
        return read(message)
    except (ValueError, KeyError, OverflowError) as unreadable:
        raise Refused(repr(unreadable)) from None


def _balance(message: Any) -> Fact:
    return BalanceChanged(balance=ledger_messages.balance(message.balance))


def _reserved(message: ledger.CreditsReserved) -> Fact:
    return BalanceChanged(
        balance=ledger_messages.balance(message.balance),
        generation_id=GenerationId(message.generation_id) if message.generation_id else None,
        reserved_credits=message.amount,
    )


def _queued(message: generation.GenerationQueued) -> Fact:
    return GenerationMoved(
        generation_id=GenerationId(message.generation_id),
        status=GenerationStatus.QUEUED,
        progress=0.0,
        reserved_credits=message.credits_reserved,
    )


def _progressed(message: generation.GenerationProgressed) -> Fact:
    return GenerationMoved(
        generation_id=GenerationId(message.generation_id),
        status=GenerationStatus.PROCESSING,
        progress=min(1.0, max(0.0, message.progress)),
    )


def _succeeded(message: generation.GenerationSucceeded) -> Fact:
    return GenerationMoved(
        generation_id=GenerationId(message.generation_id),
        status=GenerationStatus.SUCCEEDED,
        progress=1.0,
        charged_credits=message.charge_credits,
    )


def _ended(status: GenerationStatus) -> Callable[[Any], Fact]:
    def read(message: Any) -> Fact:
        return GenerationMoved(generation_id=message.generation_id, status=status, progress=0.0)

    return read


def _paid(message: billing.PaymentCompleted) -> Fact:
    return PaymentReceived(
        payment_id=PaymentId(message.payment_id),
        purchase_id=PurchaseId(message.purchase_id),
        pack_id=PackId(message.pack_id),
        credits=message.credits,
        amount_minor=message.amount_minor,
        currency=message.currency,
        occurred_at=to_datetime(message.occurred_at),
    )


def _plan_changed(message: billing.SubscriptionChanged) -> Fact:
    return PlanChanged(
        subscription_id=SubscriptionId(message.subscription_id),
        plan_id=PlanId(message.plan_id),
        status=_PLAN_STATUSES[message.status],
        interval=_INTERVALS.get(message.interval),
        entitlements=tuple(message.entitlements),
        cancel_at_period_end=message.cancel_at_period_end,
        revision=message.revision,
        occurred_at=to_datetime(message.occurred_at),
    )


_PLAN_STATUSES = members(billing.SubscriptionStatus, SubscriptionStatus)
_INTERVALS = members(billing.BillingInterval, BillingInterval)
_READERS: dict[str, tuple[Any, Callable[[Any], Fact]]] = {
    message_type.DESCRIPTOR.full_name: (message_type, read)
    for message_type, read in (
        (ledger.CreditsGranted, _balance),
        (ledger.CreditsReserved, _reserved),
        (ledger.CreditsCharged, _balance),
        (ledger.CreditsRefunded, _balance),
        (ledger.CreditsExpired, _balance),
        (ledger.CreditsClawedBack, _balance),
        (ledger.CreditsAdjusted, _balance),
        (generation.GenerationQueued, _queued),
        (generation.GenerationProgressed, _progressed),
        (generation.GenerationSucceeded, _succeeded),
        (generation.GenerationFailed, _ended(GenerationStatus.FAILED)),
        (generation.GenerationCancelled, _ended(GenerationStatus.CANCELLED)),
        (billing.PaymentCompleted, _paid),
        (billing.SubscriptionChanged, _plan_changed),
    )
}
