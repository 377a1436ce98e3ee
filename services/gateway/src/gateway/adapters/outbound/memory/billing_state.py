"""What billing in memory knows: its parts share it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.adapters.outbound.memory.auto_top_ups import MemoryAutoTopUps
from gateway.adapters.outbound.memory.catalogue import PACKS, PLANS
from gateway.domain.identifiers import CheckoutId, PurchaseId, UserId
from gateway.domain.invoice import Invoice
from gateway.domain.promotion import Redemption
from gateway.domain.purchase import Checkout, Purchase
from gateway.domain.referral import ClaimedReferral
from gateway.domain.subscription import Plan, Subscription
from gateway.ports.clock import Clock


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
    made_out: dict[UserId, list[Invoice]] = field(default_factory=dict)
    auto_top_ups: MemoryAutoTopUps = field(
        default_factory=lambda: MemoryAutoTopUps(frozenset(pack.pack_id for pack in PACKS))
    )
    webhooks: dict[bytes, int] = field(default_factory=dict)
    return_urls: list[tuple[str, str]] = field(default_factory=list)
    emails: dict[CheckoutId, str] = field(default_factory=dict)
