"""Packs that are bought by themselves."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, PackId, shown
from gateway.adapters.inbound.rest.answers.price import Price
from gateway.domain import auto_top_up as domain


class SavedMethod(Answer):
    """What is paid with when nobody is there."""

    brand: Annotated[str, shown("visa")]
    """The card's brand."""
    last4: Annotated[str, shown("4242")]
    """Its last digits."""

    @classmethod
    def of(cls, method: domain.SavedMethod) -> Self:
        """Show a method."""
        return cls(brand=method.brand, last4=method.last4)


class AutoTopUp(Answer):
    """Whether packs are bought by themselves when credits run low, and how that stands."""

    enabled: Annotated[bool, shown(True)]
    """Whether the caller wants it; `status` says whether it happens."""
    status: domain.AutoTopUpStatus
    """`paused_by_failure` stopped itself and waits for a `PUT`; `needs_authentication` waits for `url`."""
    threshold_credits: Credits | None
    """Below this many credits a pack is bought; null before the first `PUT`."""
    pack: PackId | None
    """Which; null before the first `PUT`."""
    monthly_purchases_max: Annotated[int, shown(3, minimum=1)] | None
    """How many packs are bought in a calendar month (UTC) at most; null before the first `PUT`."""
    reason: domain.AutoTopUpStopReason | None
    """Why it stopped; null while nothing has stopped it."""
    purchases_this_month: Annotated[int, shown(1, minimum=0)]
    """Packs of this calendar month, one that is on its way included."""
    in_progress: Annotated[bool, shown(False)]
    """Whether a pack is being paid, or its credits are on their way: no other is bought meanwhile."""
    payment_method: SavedMethod | None
    """What is paid with; null without any, and while the payment processor can't be asked."""
    url: Annotated[str, shown("https://checkout.stripe.com/c/pay/cs_live_a1b2c3")] | None
    """The page where the caller answers the bank and pays; null otherwise, and once it has expired."""
    accepted_price: Price | None
    """What the caller agreed to pay for the pack: it is not bought for more; null before the first `PUT`."""

    @classmethod
    def of(cls, known: domain.AutoTopUp) -> Self:
        """Show how it stands."""
        return cls(
            enabled=known.is_on,
            status=known.status,
            threshold_credits=known.threshold_credits or None,
            pack=known.pack_id,
            monthly_purchases_max=known.monthly_purchases_max or None,
            reason=known.reason,
            purchases_this_month=known.purchases_this_month,
            in_progress=known.in_progress,
            payment_method=SavedMethod.of(known.method) if known.method else None,
            url=known.url,
            accepted_price=Price.of(known.accepted_price) if known.accepted_price else None,
        )
