"""What billing in memory knows: its parts share it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from gateway.adapters.outbound.memory.auto_top_ups import MemoryAutoTopUps
from gateway.adapters.outbound.memory.catalogue import PACKS, PLANS
from gateway.domain.errors import PriceChanged
from gateway.domain.identifiers import CheckoutId, PurchaseId, UserId
from gateway.domain.invoice import Invoice
from gateway.domain.price import Price
from gateway.domain.promotion import Redemption
from gateway.domain.purchase import Checkout, Pack, Purchase
from gateway.domain.referral import ClaimedReferral
from gateway.domain.subscription import Plan, PlanPrice, Subscription
from gateway.ports.clock import Clock

Sold = TypeVar("Sold", Pack, PlanPrice)


@dataclass
class MemoryBillingState:
    """Everybody's checkouts, purchases, plans, codes and invitations."""

    clock: Clock
    offered: Sequence[Plan] = PLANS
    checkouts: dict[CheckoutId, tuple[UserId, Checkout]] = field(default_factory=dict)
    keys: dict[tuple[UserId, str], tuple[tuple[str, str, str], CheckoutId]] = field(default_factory=dict)
    paid: dict[UserId, list[Purchase]] = field(default_factory=dict)
    # Credits by code; one without any is over.
    promotions: dict[str, int] = field(default_factory=dict)
    redemptions: dict[tuple[UserId, str], tuple[str, Redemption]] = field(default_factory=dict)
    refund_orders: dict[tuple[PurchaseId, str], tuple[int | None, str]] = field(default_factory=dict)
    has_referrals: bool = False
    inviters: dict[str, UserId] = field(default_factory=dict)
    invited_by: dict[UserId, tuple[UserId, ClaimedReferral]] = field(default_factory=dict)
    subscriptions: dict[UserId, Subscription] = field(default_factory=dict)
    # Whose payment method is declined.
    declined: set[UserId] = field(default_factory=set)
    # What packs, and plans such as `pro:month`, cost by now; those that were told are shown so.
    repriced: dict[str, Price] = field(default_factory=dict)
    told_prices: set[str] = field(default_factory=set)
    page_prices: dict[CheckoutId, Price] = field(default_factory=dict)
    made_out: dict[UserId, list[Invoice]] = field(default_factory=dict)
    auto_top_ups: MemoryAutoTopUps = field(default_factory=lambda: MemoryAutoTopUps(PACKS))
    webhooks: dict[bytes, int] = field(default_factory=dict)
    return_urls: list[tuple[str, str]] = field(default_factory=list)
    emails: dict[CheckoutId, str] = field(default_factory=dict)

    def require_price(self, name: str, known: Pack | PlanPrice, expected: Price | None) -> Price:
        """Return what something costs now. Raises PriceChanged unless it is expected, or no news."""
        shown = Price(price_minor=known.price_minor, currency=known.currency)
        asked = self.repriced.get(name, shown)
        is_news = asked != shown and name not in self.told_prices
        self.told_prices.add(name)
        if expected != asked and (is_news or expected is not None):
            raise PriceChanged("It costs something else by now.", price=asked)
        return asked

    def shown(self, name: str, known: Sold) -> Sold:
        """Return a pack or a price as people see it."""
        price = self.repriced.get(name) if name in self.told_prices else None
        if price is None:
            return known
        return replace(known, price_minor=price.price_minor, currency=price.currency)
