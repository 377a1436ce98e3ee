"""A completed payment."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import (
    Answer,
    Credits,
    Currency,
    Minor,
    Moment,
    PackId,
    PaymentId,
    PurchaseId,
    shown,
)
from gateway.adapters.inbound.rest.answers.page import Page
from gateway.domain import purchase as domain


class Purchase(Answer):
    """A completed payment, with what went back of it."""

    id: PurchaseId
    pack: PackId
    pack_title: Annotated[str, shown("Starter")]
    """As it was called when it was bought."""
    credits: Annotated[Credits, shown(1000)]
    amount_minor: Minor
    """What was paid, in the currency's smallest unit."""
    currency: Currency
    refunded_minor: Annotated[Minor, shown(0)]
    """What was refunded of it."""
    disputed_minor: Annotated[Minor, shown(0)]
    """What the payer's bank asks back or took back of it."""
    status: domain.PurchaseStatus
    """Charged back: the payer's bank returned the money."""
    payment_id: PaymentId
    created_at: Moment

    @classmethod
    def of(cls, purchase: domain.Purchase) -> Self:
        """Show a purchase."""
        return cls(
            id=purchase.purchase_id,
            pack=purchase.pack_id,
            pack_title=purchase.pack_title,
            credits=purchase.credits,
            amount_minor=purchase.amount_minor,
            currency=purchase.currency,
            refunded_minor=purchase.refunded_minor,
            disputed_minor=purchase.disputed_minor,
            status=purchase.status,
            payment_id=purchase.payment_id,
            created_at=purchase.created_at,
        )


class PurchasePage(Page[Purchase]):
    """Some purchases, and where the next part begins."""
