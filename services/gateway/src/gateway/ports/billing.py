"""Packs, checkout and purchases, as billing keeps them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.domain.administration import Actor
from gateway.domain.auto_top_up import AutoTopUp, AutoTopUpWish
from gateway.domain.credits import Balance
from gateway.domain.identifiers import CheckoutId, PackId, PlanId, PurchaseId, UserId
from gateway.domain.invoice import Invoice
from gateway.domain.page import Page
from gateway.domain.price import Price
from gateway.domain.promotion import Redemption
from gateway.domain.purchase import Checkout, Pack, Purchase
from gateway.domain.referral import ClaimedReferral, Referral
from gateway.domain.subscription import BillingInterval, Plan, Subscription


class Billing(Protocol):
    """Every method has a deadline and raises errors of `gateway.domain.errors`."""

    async def packs(self) -> Sequence[Pack]:
        """Return what is on sale, in display order."""
        ...

    async def plans(self) -> Sequence[Plan]:
        """Return the plans on offer, in display order."""
        ...

    async def subscription(self, user_id: UserId) -> Subscription:
        """Read which plan this user has. Raises NotFound (SUBSCRIPTION_NOT_FOUND) for who has none."""
        ...

    async def change_subscription(
        self,
        user_id: UserId,
        *,
        plan_id: PlanId,
        interval: BillingInterval,
        expected_price: Price | None = None,
        idempotency_key: str,
    ) -> Subscription:
        """Put this user on another plan: at once for more, when what is paid for ends for less.

        Raises NotFound (SUBSCRIPTION_NOT_FOUND, UNKNOWN_PLAN), Conflict (PLAN_IS_FREE, PAYMENT_DECLINED) and
        PriceChanged as `create_checkout`.
        """
        ...

    async def cancel_subscription(self, user_id: UserId, *, idempotency_key: str) -> Subscription:
        """End this user's plan when what is paid for ends. Raises as `change_subscription`."""
        ...

    async def resume_subscription(self, user_id: UserId, *, idempotency_key: str) -> Subscription:
        """Take back an end, a scheduled change and a pause. Raises as `change_subscription`."""
        ...

    async def open_portal(self, *, user_id: UserId, email: str, return_url: str, idempotency_key: str) -> str:
        """Return the address of the processor's page for this user, good for some minutes."""
        ...

    async def invoices(self, user_id: UserId, *, cursor: str | None, limit: int) -> Page[Invoice]:
        """List this user's invoices, newest first."""
        ...

    async def auto_top_up(self, user_id: UserId) -> AutoTopUp:
        """Read whether packs are bought by themselves for this user, and how that stands."""
        ...

    async def set_auto_top_up(
        self, user_id: UserId, wish: AutoTopUpWish, *, balance: Balance | None
    ) -> AutoTopUp:
        """Write what this user wants from now on; what had stopped it counts no more. Harmless to repeat.

        `balance` is the newest that the caller knows. Raises InvalidRequest, NotFound (UNKNOWN_PACK),
        Conflict (NO_PAYMENT_METHOD), Unavailable, and PriceChanged as `create_checkout`.
        """
        ...

    async def redeem_promotion(
        self, user_id: UserId, *, code: str, idempotency_key: str
    ) -> tuple[Redemption, bool]:
        """Give this user a code's credits, once; the flag says that the answer is a replay of this key's.

        Raises NotFound (UNKNOWN_PROMOTION), Conflict (PROMOTION_ENDED, PROMOTION_REDEEMED_BEFORE) and
        InvalidRequest for what no code can be.
        """
        ...

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
        """Open a hosted checkout page for a pack, or for a plan by an interval, once a key.

        The flag says that the answer is a replay. A replay has another page when the first has expired.
        `{CHECKOUT_ID}` in an address becomes the checkout's id. Raises NotFound (UNKNOWN_PACK, UNKNOWN_PLAN),
        Conflict (SUBSCRIBED_ALREADY), IdempotencyKeyReused, OutOfOrder when nothing can be sold until an
        operator mended it, and PriceChanged, with the price, when it is not the one that was expected.
        """
        ...

    async def checkout(self, user_id: UserId, checkout_id: CheckoutId) -> Checkout:
        """Read a checkout of this user as it stands now, told by a webhook or not. Raises NotFound."""
        ...

    async def purchases(self, user_id: UserId, *, cursor: str | None, limit: int) -> Page[Purchase]:
        """List this user's purchases, newest first."""
        ...

    async def referral(self, user_id: UserId) -> Referral:
        """Read what this user invites by. Raises NotFound (REFERRALS_OFF) where nobody is rewarded."""
        ...

    async def claim_referral(self, user_id: UserId, *, code: str) -> ClaimedReferral:
        """Note that this user came by a code; the same code again is answered alike.

        Raises NotFound (REFERRALS_OFF, UNKNOWN_REFERRAL_CODE), Conflict (REFERRAL_REFUSED,
        REFERRAL_CLAIMED_BEFORE, REFERRAL_TOO_LATE) and InvalidRequest for what no code can be.
        """
        ...

    async def refund_purchase(
        self,
        actor: Actor,
        purchase_id: PurchaseId,
        *,
        amount_minor: int | None,
        reason: str,
        idempotency_key: str,
    ) -> tuple[Purchase, bool]:
        """Have a purchase of whichever user refunded, once a key: a part, or all that is left.

        The flag says that the answer is a replay of this key's. Raises Forbidden (NOT_AN_ADMIN), NotFound
        (PURCHASE_NOT_FOUND), Conflict (NOTHING_LEFT_TO_REFUND, PAYMENT_PROCESSOR_REFUSED), InvalidRequest
        past what is left, IdempotencyKeyReused, and Unavailable while the refund is on its way all the same.
        """
        ...

    async def receive_webhook(self, *, body: bytes, headers: Mapping[str, str]) -> bool:
        """Hand over a webhook exactly as received; whether it had come before.

        Names of headers are in lower case. When it returns, the event is safe. Raises MalformedRequest
        (INVALID_SIGNATURE, INVALID_WEBHOOK).
        """
        ...
