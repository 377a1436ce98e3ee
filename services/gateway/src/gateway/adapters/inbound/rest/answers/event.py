"""What events tell beside balances."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import (
    Answer,
    Credits,
    Currency,
    GenerationId,
    Minor,
    Moment,
    PackId,
    PaymentId,
    PlanId,
    PurchaseId,
    SubscriptionId,
    shown,
)
from gateway.adapters.inbound.rest.answers.balance import Balance
from gateway.adapters.inbound.rest.answers.generation import GenerationCredits, Progress
from gateway.domain import event as domain
from gateway.domain.generation import GenerationStatus
from gateway.domain.subscription import BillingInterval, SubscriptionStatus


class GenerationUpdated(Answer):
    """A generation came further."""

    id: GenerationId
    status: GenerationStatus
    """Succeeded, failed, cancelled and rejected are final."""
    progress: Progress
    """How far it is, from 0 to 1."""
    credits: GenerationCredits

    @classmethod
    def of(cls, update: domain.GenerationUpdate) -> Self:
        """Show what is told of a generation."""
        return cls(
            id=update.generation_id,
            status=update.status,
            progress=update.progress,
            credits=GenerationCredits(
                reserved=update.reserved_credits,
                charged=update.charged_credits,
                refunded=update.refunded_credits,
            ),
        )


class PaymentCompleted(Answer):
    """Money arrived; its credits follow."""

    payment_id: PaymentId
    purchase_id: PurchaseId
    pack: PackId
    credits: Annotated[Credits, shown(1000)]
    """What its buyer gets."""
    amount_minor: Minor
    """What was paid, in the currency's smallest unit."""
    currency: Currency
    created_at: Moment

    @classmethod
    def of(cls, payment: domain.PaymentReceived) -> Self:
        """Show what is told of a payment."""
        return cls(
            payment_id=payment.payment_id,
            purchase_id=payment.purchase_id,
            pack=payment.pack_id,
            credits=payment.credits,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            created_at=payment.occurred_at,
        )


class SubscriptionUpdated(Answer):
    """The caller's plan began, changed or ended; `GET /v1/subscription` tells the rest."""

    id: SubscriptionId
    plan_id: PlanId
    status: SubscriptionStatus
    """Past due keeps the plan until its payment is given up; paused and ended open nothing."""
    interval: BillingInterval | None
    """How often it is paid for; null for a free plan."""
    entitlements: Annotated[list[str], shown(["premium"])]
    """What it opens from now on; a model may require one of these words."""
    cancel_at_period_end: Annotated[bool, shown(False)]
    """It ends with the period that is paid for."""
    updated_at: Moment

    @classmethod
    def of(cls, changed: domain.PlanChanged) -> Self:
        """Show what is told of a plan."""
        return cls(
            id=changed.subscription_id,
            plan_id=changed.plan_id,
            status=changed.status,
            interval=changed.interval,
            entitlements=list(changed.entitlements),
            cancel_at_period_end=changed.cancel_at_period_end,
            updated_at=changed.occurred_at,
        )


NAMES: dict[type[Answer], str] = {
    GenerationUpdated: "generation.updated",
    Balance: "balance.updated",
    PaymentCompleted: "payment.completed",
    SubscriptionUpdated: "subscription.updated",
}
"""By what name each kind of data is told in the event stream."""
