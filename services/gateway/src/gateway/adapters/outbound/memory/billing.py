"""Billing in memory: one processor that everybody pays at once."""

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from gateway.adapters.outbound.memory.auto_top_ups import MemoryAutoTopUps
from gateway.domain.auto_top_up import AutoTopUp, AutoTopUpWish
from gateway.domain.credits import Balance
from gateway.domain.errors import (
    Conflict,
    FieldProblem,
    Forbidden,
    IdempotencyKeyReused,
    InvalidRequest,
    MalformedRequest,
    NotFound,
)
from gateway.domain.identifiers import (
    CheckoutId,
    InvoiceId,
    PackId,
    PaymentId,
    PlanId,
    PurchaseId,
    RedemptionId,
    SubscriptionId,
    UserId,
)
from gateway.domain.invoice import Invoice, InvoiceStatus
from gateway.domain.page import Page
from gateway.domain.promotion import Redemption
from gateway.domain.purchase import Checkout, CheckoutStatus, Pack, PaymentStatus, Purchase, PurchaseStatus
from gateway.domain.referral import ClaimedReferral, Referral
from gateway.domain.subscription import BillingInterval, Plan, PlanPrice, ScheduledChange, Subscription
from gateway.domain.user import Principal, Role
from gateway.ports.clock import Clock

PACKS = (
    Pack(
        pack_id=PackId("starter"),
        title="Starter",
        description="To try it out.",
        credits=1000,
        price_minor=1000,
        currency="usd",
        badge="",
    ),
    Pack(
        pack_id=PackId("builder"),
        title="Builder",
        description="For regular work.",
        credits=2500,
        price_minor=2500,
        currency="usd",
        badge="Most popular",
    ),
    Pack(
        pack_id=PackId("production"),
        title="Production",
        description="For teams.",
        credits=5000,
        price_minor=5000,
        currency="usd",
        badge="",
    ),
)

FREE = Plan(
    plan_id=PlanId("free"),
    title="Free",
    description="To find out what it is like.",
    credits=500,
    features=("500 credits every month",),
    badge=None,
    entitlements=(),
)
PRO = Plan(
    plan_id=PlanId("pro"),
    title="Pro",
    description="For people who make things every day.",
    credits=3000,
    features=("3000 credits every month",),
    badge="Most popular",
    entitlements=("premium",),
    prices=(
        PlanPrice(interval=BillingInterval.MONTH, price_minor=2900, currency="usd"),
        PlanPrice(interval=BillingInterval.YEAR, price_minor=29000, currency="usd"),
    ),
)
BUSINESS = Plan(
    plan_id=PlanId("business"),
    title="Business",
    description="For people who make things for others.",
    credits=6000,
    features=("6000 credits every month",),
    badge=None,
    entitlements=("premium", "business"),
    prices=(
        PlanPrice(interval=BillingInterval.MONTH, price_minor=5900, currency="usd"),
        PlanPrice(interval=BillingInterval.YEAR, price_minor=59000, currency="usd"),
    ),
)
PLANS = (FREE, PRO, BUSINESS)
ON_SALE: dict[tuple[PlanId | None, BillingInterval | None], tuple[Plan, PlanPrice]] = {
    (plan.plan_id, price.interval): (plan, price) for plan in PLANS for price in plan.prices
}


_CODE_LENGTH = 8


@dataclass
class MemoryBilling:
    """Implements Billing; a webhook's signature is right when it is the body's sha256."""

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

    async def packs(self) -> Sequence[Pack]:
        """See Billing."""
        return PACKS

    async def plans(self) -> Sequence[Plan]:
        """See Billing."""
        return self.offered

    async def subscription(self, user_id: UserId) -> Subscription:
        """See Billing."""
        if user_id not in self.subscriptions:
            raise NotFound("you have no plan", reason="SUBSCRIPTION_NOT_FOUND")
        return self.subscriptions[user_id]

    def subscribe(self, user_id: UserId, plan: Plan = FREE) -> None:
        """Give somebody a plan, the free one as a registration does."""
        now = self.clock.now()
        self.subscriptions[user_id] = Subscription(
            subscription_id=SubscriptionId(f"plan_{user_id}"),
            plan_id=plan.plan_id,
            plan=plan,
            began_at=now,
            period_start=now,
            period_end=now + timedelta(days=30),
            entitlements=plan.entitlements,
            next_allocation_at=now + timedelta(days=30),
        )

    async def change_subscription(
        self, user_id: UserId, *, plan_id: PlanId, interval: BillingInterval, idempotency_key: str
    ) -> Subscription:
        """See Billing."""
        if (plan_id, interval) not in ON_SALE:
            raise NotFound("There is no such plan.", reason="UNKNOWN_PLAN")
        mine = await self._paid_plan(user_id)
        plan, price = ON_SALE[plan_id, interval]
        if mine.paid_period_end and not mine.changes_at_once(plan, interval):
            change = ScheduledChange(plan_id=plan_id, interval=interval, at=mine.paid_period_end)
            return self._changed(user_id, scheduled_change=change, cancels_at=None)
        if user_id in self.declined:
            raise Conflict("The payment method was declined.", reason="PAYMENT_DECLINED")
        return self._changed(
            user_id,
            plan_id=plan_id,
            plan=plan,
            entitlements=plan.entitlements,
            interval=interval,
            price_minor=price.price_minor,
            scheduled_change=None,
            cancels_at=None,
        )

    async def cancel_subscription(self, user_id: UserId, *, idempotency_key: str) -> Subscription:
        """See Billing."""
        mine = await self._paid_plan(user_id)
        return self._changed(user_id, cancels_at=mine.paid_period_end, scheduled_change=None)

    async def resume_subscription(self, user_id: UserId, *, idempotency_key: str) -> Subscription:
        """See Billing."""
        await self._paid_plan(user_id)
        return self._changed(user_id, cancels_at=None, scheduled_change=None)

    async def _paid_plan(self, user_id: UserId) -> Subscription:
        mine = await self.subscription(user_id)
        if mine.interval is None:
            raise Conflict("You pay for no plan.", reason="PLAN_IS_FREE")
        return mine

    def _changed(self, user_id: UserId, **changes: Any) -> Subscription:
        self.subscriptions[user_id] = replace(self.subscriptions[user_id], **changes)
        return self.subscriptions[user_id]

    async def open_portal(self, *, user_id: UserId, email: str, return_url: str, idempotency_key: str) -> str:
        """See Billing."""
        self.return_urls.append((return_url, return_url))
        return f"https://checkout.example/portal/{user_id}"

    async def invoices(self, user_id: UserId, *, cursor: str | None, limit: int) -> Page[Invoice]:
        """See Billing."""
        start = _start(cursor)
        newest_first = list(reversed(self.made_out.get(user_id, [])))
        items = newest_first[start : start + limit]
        more = len(newest_first) > start + limit
        return Page(items=items, next_cursor=str(start + limit) if more else None)

    async def auto_top_up(self, user_id: UserId) -> AutoTopUp:
        """See Billing."""
        return self.auto_top_ups.of(user_id)

    async def set_auto_top_up(
        self, user_id: UserId, wish: AutoTopUpWish, *, balance: Balance | None
    ) -> AutoTopUp:
        """See Billing."""
        return self.auto_top_ups.want(user_id, wish, balance=balance)

    async def redeem_promotion(
        self, user_id: UserId, *, code: str, idempotency_key: str
    ) -> tuple[Redemption, bool]:
        """See Billing."""
        code = code.strip().upper()
        if len(code) < 4:
            raise InvalidRequest("That is no code.", fields=[FieldProblem("code", "is too short")])
        if code not in self.promotions:
            raise NotFound("there is no such code", reason="UNKNOWN_PROMOTION")
        if (user_id, code) in self.redemptions:
            key, redemption = self.redemptions[user_id, code]
            if key != idempotency_key:
                raise Conflict("you have redeemed this code before", reason="PROMOTION_REDEEMED_BEFORE")
            return redemption, True
        if self.promotions[code] == 0:
            raise Conflict("this code has expired", reason="PROMOTION_ENDED")
        redemption = Redemption(
            redemption_id=RedemptionId(f"red_{len(self.redemptions)}"),
            code=code,
            credits=self.promotions[code],
            expires_at=None,
            created_at=self.clock.now(),
        )
        self.redemptions[user_id, code] = (idempotency_key, redemption)
        return redemption, False

    async def create_checkout(
        self,
        *,
        user_id: UserId,
        email: str,
        pack_id: PackId | None = None,
        plan_id: PlanId | None = None,
        interval: BillingInterval | None = None,
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
            if known[0] != asked:
                raise IdempotencyKeyReused("The key came before with another request.")
            return self._with_a_page(known[1]), True
        mine = self.subscriptions.get(user_id)
        if plan_id is not None and mine is not None and mine.interval is not None:
            raise Conflict("You pay for a plan already.", reason="SUBSCRIBED_ALREADY")
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

    async def purchases(self, user_id: UserId, *, cursor: str | None, limit: int) -> Page[Purchase]:
        """See Billing."""
        start = _start(cursor)
        newest_first = list(reversed(self.paid.get(user_id, [])))
        items = newest_first[start : start + limit]
        more = len(newest_first) > start + limit
        return Page(items=items, next_cursor=str(start + limit) if more else None)

    async def referral(self, user_id: UserId) -> Referral:
        """See Billing."""
        if not self.has_referrals:
            raise NotFound("nobody is rewarded for inviting here", reason="REFERRALS_OFF")
        self.inviters.setdefault(_code_of(user_id), user_id)
        came = [invited for invited, (inviter, _) in self.invited_by.items() if inviter == user_id]
        return Referral(
            code=_code_of(user_id),
            came=len(came),
            rewarded=len([invited for invited in came if self.paid.get(invited)]),
            inviter_credits=300,
            invited_credits=200,
            hold_days=7,
        )

    async def claim_referral(self, user_id: UserId, *, code: str) -> ClaimedReferral:
        """See Billing."""
        if not self.has_referrals:
            raise NotFound("nobody is rewarded for inviting here", reason="REFERRALS_OFF")
        code = code.strip().upper()
        if len(code) != _CODE_LENGTH:
            raise InvalidRequest("That is no code.", fields=[FieldProblem("code", "must be 8 letters")])
        inviter = self.inviters.get(code)
        if inviter is None:
            raise NotFound("nobody invites by this code", reason="UNKNOWN_REFERRAL_CODE")
        if user_id in self.invited_by:
            if self.invited_by[user_id][0] != inviter:
                raise Conflict("you came by another before", reason="REFERRAL_CLAIMED_BEFORE")
            return self.invited_by[user_id][1]
        if inviter == user_id or (inviter in self.invited_by and self.invited_by[inviter][0] == user_id):
            raise Conflict("nobody invites themselves", reason="REFERRAL_REFUSED")
        if self.paid.get(user_id):
            raise Conflict("you have paid before", reason="REFERRAL_TOO_LATE")
        claimed = ClaimedReferral(code=code, claimed_at=self.clock.now())
        self.invited_by[user_id] = (inviter, claimed)
        return claimed

    async def refund_purchase(
        self,
        principal: Principal,
        purchase_id: PurchaseId,
        *,
        amount_minor: int | None,
        reason: str,
        idempotency_key: str,
    ) -> tuple[Purchase, bool]:
        """See Billing."""
        if principal.role is not Role.ADMIN:
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

    async def receive_webhook(self, *, body: bytes, headers: Mapping[str, str]) -> bool:
        """See Billing."""
        if headers.get("stripe-signature") != hashlib.sha256(body).hexdigest():
            raise MalformedRequest("The signature does not fit.", reason="INVALID_SIGNATURE")
        self.webhooks[body] = self.webhooks.get(body, 0) + 1
        return self.webhooks[body] > 1

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

    def begin(self, checkout_id: CheckoutId) -> None:
        """Pay for a plan, as on the processor's page."""
        user_id, checkout = self.checkouts[checkout_id]
        plan, price = ON_SALE[checkout.plan_id, checkout.interval]
        now = self.clock.now()
        days = 365 if price.interval is BillingInterval.YEAR else 30
        begun = Subscription(
            subscription_id=SubscriptionId(f"plan_{checkout.checkout_id}"),
            plan_id=plan.plan_id,
            plan=plan,
            began_at=now,
            period_start=now,
            period_end=now + timedelta(days=30),
            entitlements=plan.entitlements,
            interval=price.interval,
            price_minor=price.price_minor,
            currency=price.currency,
            paid_period_start=now,
            paid_period_end=now + timedelta(days=days),
            next_allocation_at=now + timedelta(days=30),
        )
        self.subscriptions[user_id] = begun
        invoices = self.made_out.setdefault(user_id, [])
        number = len(invoices) + 1
        invoices.append(
            Invoice(
                invoice_id=InvoiceId(f"in_{user_id}_{number}"),
                number=f"N-{number:04}",
                total_minor=price.price_minor,
                currency=price.currency,
                status=InvoiceStatus.PAID,
                created_at=now,
                page_url=f"https://checkout.example/i/{number}",
                pdf_url=f"https://checkout.example/i/{number}/pdf",
            )
        )
        self.checkouts[checkout.checkout_id] = (
            user_id,
            replace(
                checkout,
                status=CheckoutStatus.COMPLETE,
                payment_status=PaymentStatus.PAID,
                url=None,
                subscription_id=begun.subscription_id,
            ),
        )

    def refund(self, user_id: UserId, purchase_id: PurchaseId, amount_minor: int) -> None:
        """Give money back, as somebody at the processor's dashboard does."""
        for place, purchase in enumerate(self.paid[user_id]):
            if purchase.purchase_id == purchase_id:
                total = purchase.refunded_minor + amount_minor
                is_whole = total >= purchase.amount_minor
                status = PurchaseStatus.REFUNDED if is_whole else PurchaseStatus.PARTIALLY_REFUNDED
                self.paid[user_id][place] = replace(purchase, refunded_minor=total, status=status)

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


def _code_of(user_id: UserId) -> str:
    return base64.b32encode(hashlib.sha256(user_id.encode()).digest()).decode()[:_CODE_LENGTH]


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit():
        raise InvalidRequest("That is no cursor.", fields=[FieldProblem("cursor", "is no cursor")])
    return int(cursor)
