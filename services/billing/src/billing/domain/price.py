"""A price that somebody was shown, against the one that is asked now. Pure."""

from dataclasses import dataclass
from typing import Self

from billing.domain.errors import PriceChanged
from billing.domain.offer import Offer
from billing.domain.pack import Pack
from billing.domain.plan import PlanPrice


@dataclass(frozen=True, kw_only=True)
class Price:
    """An amount in minor units of an ISO 4217 currency."""

    price_minor: int
    currency: str

    @classmethod
    def of(cls, sold: Offer | Pack | PlanPrice) -> Self:
        """Return what is asked for something."""
        return cls(price_minor=sold.price_minor, currency=sold.currency)


def require_price(asked: Price, expected: Price | None) -> None:
    """Raise PriceChanged, with what is asked, unless it is what somebody expects; None expects nothing."""
    if expected not in (None, asked):
        raise price_changed(asked)


def price_changed(asked: Price) -> PriceChanged:
    """Return the refusal that says what is asked now."""
    return PriceChanged(
        "it costs something else by now: look at its price again",
        price_minor=str(asked.price_minor),
        currency=asked.currency,
    )
