"""The part of billing in memory about packs: what is bought, and the money that goes back."""

import secrets
from collections.abc import Sequence
from dataclasses import replace

from gateway.adapters.outbound.memory.billing_state import MemoryBillingState
from gateway.adapters.outbound.memory.catalogue import PACKS
from gateway.adapters.outbound.memory.newest_first import newest_first
from gateway.domain.administration import Actor
from gateway.domain.errors import (
    Conflict,
    FieldProblem,
    Forbidden,
    IdempotencyKeyReused,
    InvalidRequest,
    NotFound,
)
from gateway.domain.identifiers import CheckoutId, PaymentId, PurchaseId, UserId
from gateway.domain.page import Page
from gateway.domain.purchase import CheckoutStatus, Pack, PaymentStatus, Purchase, PurchaseStatus
from gateway.domain.user import Role


class MemoryPurchases(MemoryBillingState):
    """Purchases of everybody and their refunds."""

    async def packs(self) -> Sequence[Pack]:
        """See Billing."""
        return [self.shown(pack.pack_id, pack) for pack in PACKS]

    def pay(self, checkout_id: CheckoutId) -> Purchase:
        """Pay for a pack, as on the processor's page."""
        user_id, checkout = self.checkouts[checkout_id]
        pack = next(pack for pack in PACKS if pack.pack_id == checkout.pack_id)
        purchase = Purchase(
            purchase_id=PurchaseId(f"pay_{secrets.token_hex(16)}"),
            pack_id=pack.pack_id,
            pack_title=pack.title,
            credits=pack.credits,
            amount_minor=pack.price_minor,
            currency=pack.currency,
            payment_id=PaymentId(f"pi_{secrets.token_hex(12)}"),
            created_at=self.clock.now(),
        )
        self.paid.setdefault(user_id, []).append(purchase)
        self.checkouts[checkout_id] = (
            user_id,
            replace(
                checkout,
                status=CheckoutStatus.COMPLETE,
                payment_status=PaymentStatus.PAID,
                url=None,
                purchase_id=purchase.purchase_id,
            ),
        )
        return purchase

    async def purchases(self, user_id: UserId, *, cursor: str | None, limit: int) -> Page[Purchase]:
        """See Billing."""
        return newest_first(self.paid.get(user_id, []), cursor=cursor, limit=limit)

    async def refund_purchase(
        self,
        actor: Actor,
        purchase_id: PurchaseId,
        *,
        amount_minor: int | None,
        reason: str,
        idempotency_key: str,
    ) -> tuple[Purchase, bool]:
        """See Billing."""
        if actor.role is not Role.ADMIN:
            raise Forbidden("only an administrator may do that", reason="NOT_AN_ADMIN")
        found = [
            (user_id, purchase)
            for user_id, purchases in self.paid.items()
            for purchase in purchases
            if purchase.purchase_id == purchase_id
        ]
        if not found:
            raise NotFound("There is no such purchase.", reason="PURCHASE_NOT_FOUND")
        ((user_id, purchase),) = found
        asked = (amount_minor, reason)
        if known := self.refund_orders.get((purchase_id, idempotency_key)):
            if known != asked:
                raise IdempotencyKeyReused("The key came before with another request.")
            return purchase, True
        left = purchase.amount_minor - purchase.refunded_minor
        if not left:
            raise Conflict("nothing is left of this purchase", reason="NOTHING_LEFT_TO_REFUND")
        if amount_minor is not None and amount_minor > left:
            problem = FieldProblem("amount_minor", f"must be at most {left}")
            raise InvalidRequest("More than is left.", reason="INVALID_FIELD", fields=[problem])
        self.refund_orders[purchase_id, idempotency_key] = asked
        self.refund(user_id, purchase_id, left if amount_minor is None else amount_minor)
        mine = self.paid[user_id]
        refunded = next(purchase for purchase in mine if purchase.purchase_id == purchase_id)
        return refunded, False

    def refund(self, user_id: UserId, purchase_id: PurchaseId, amount_minor: int) -> None:
        """Give money back, as somebody at the processor's dashboard does."""
        for place, purchase in enumerate(self.paid[user_id]):
            if purchase.purchase_id == purchase_id:
                total = purchase.refunded_minor + amount_minor
                is_whole = total >= purchase.amount_minor
                status = PurchaseStatus.REFUNDED if is_whole else PurchaseStatus.PARTIALLY_REFUNDED
                self.paid[user_id][place] = replace(purchase, refunded_minor=total, status=status)
