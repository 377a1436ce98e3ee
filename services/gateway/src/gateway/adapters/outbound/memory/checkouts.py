"""The part of billing in memory about checkouts, and what becomes of their pages."""

import secrets
from dataclasses import replace
from datetime import timedelta

from gateway.adapters.outbound.memory.billing_state import MemoryBillingState
from gateway.adapters.outbound.memory.catalogue import ON_SALE, PACKS
from gateway.domain.errors import Conflict, IdempotencyKeyReused, NotFound
from gateway.domain.identifiers import CheckoutId, PackId, PlanId, UserId
from gateway.domain.price import Price
from gateway.domain.purchase import Checkout, CheckoutStatus, PaymentStatus
from gateway.domain.subscription import BillingInterval


class MemoryCheckouts(MemoryBillingState):
    """Checkouts of everybody; a test plays who pays."""

    async def create_checkout(
        self,
        *,
        user_id: UserId,
        email: str,
        pack_id: PackId | None = None,
        plan_id: PlanId | None = None,
        interval: BillingInterval | None = None,
        expected_price: Price | None = None,
        idempotency_key: str,
        success_url: str,
        cancel_url: str,
    ) -> tuple[Checkout, bool]:
        """See Billing."""
        if plan_id is None and pack_id not in {pack.pack_id for pack in PACKS}:
            raise NotFound("There is no such pack.", reason="UNKNOWN_PACK")
        if plan_id is not None and (plan_id, interval) not in ON_SALE:
            raise NotFound("There is no such plan.", reason="UNKNOWN_PLAN")
        asked = (f"{pack_id}{plan_id}{interval}", success_url, cancel_url)
        if known := self.keys.get((user_id, idempotency_key)):
            if known[0] != asked or expected_price not in (None, self.page_prices[known[1]]):
                raise IdempotencyKeyReused("The key came before with another request.")
            return self._with_a_page(known[1]), True
        mine = self.subscriptions.get(user_id)
        if plan_id is not None and mine is not None and mine.interval is not None:
            raise Conflict("You pay for a plan already.", reason="SUBSCRIBED_ALREADY")
        if plan_id is None:
            (pack,) = (pack for pack in PACKS if pack.pack_id == pack_id)
            price = self.require_price(pack.pack_id, pack, expected_price)
        else:
            price = self.require_price(f"{plan_id}:{interval}", ON_SALE[plan_id, interval][1], expected_price)
        checkout_id = CheckoutId(f"cs_test_{secrets.token_hex(16)}")
        now = self.clock.now()
        checkout = Checkout(
            checkout_id=checkout_id,
            pack_id=pack_id,
            plan_id=plan_id,
            interval=interval,
            url=f"https://checkout.example/pay/{checkout_id}",
            status=CheckoutStatus.OPEN,
            payment_status=PaymentStatus.UNPAID,
            created_at=now,
            expires_at=now + timedelta(hours=24),
            purchase_id=None,
        )
        self.checkouts[checkout_id] = (user_id, checkout)
        self.page_prices[checkout_id] = price
        self.keys[user_id, idempotency_key] = (asked, checkout_id)
        named = [url.replace("{CHECKOUT_ID}", checkout_id) for url in (success_url, cancel_url)]
        self.return_urls.append((named[0], named[1]))
        self.emails[checkout_id] = email
        return checkout, False

    async def checkout(self, user_id: UserId, checkout_id: CheckoutId) -> Checkout:
        """See Billing."""
        owner, checkout = self.checkouts.get(checkout_id, ("", None))
        if checkout is None or owner != user_id:
            raise NotFound("There is no such checkout.", reason="CHECKOUT_NOT_FOUND")
        return checkout

    def promise(self, checkout_id: CheckoutId) -> None:
        """Promise a bank debit, as on the page."""
        self._change(checkout_id, CheckoutStatus.COMPLETE, PaymentStatus.PROCESSING)

    def fail(self, checkout_id: CheckoutId) -> None:
        """Fail a bank debit that was promised."""
        self._change(checkout_id, CheckoutStatus.COMPLETE, PaymentStatus.FAILED)

    def expire(self, checkout_id: CheckoutId) -> None:
        """Let a page run out that nobody paid."""
        self._change(checkout_id, CheckoutStatus.EXPIRED, PaymentStatus.UNPAID)

    def _change(self, checkout_id: CheckoutId, status: CheckoutStatus, payment_status: PaymentStatus) -> None:
        user_id, checkout = self.checkouts[checkout_id]
        changed = replace(checkout, status=status, payment_status=payment_status, url=None)
        self.checkouts[checkout_id] = user_id, changed

    def _with_a_page(self, checkout_id: CheckoutId) -> Checkout:
        """Return the checkout, with another page when its own has expired."""
        user_id, checkout = self.checkouts[checkout_id]
        if checkout.status is CheckoutStatus.EXPIRED:
            url = f"https://checkout.example/pay/{checkout_id}/{secrets.token_hex(4)}"
            checkout = replace(checkout, status=CheckoutStatus.OPEN, url=url)
            self.checkouts[checkout_id] = user_id, checkout
        return checkout
