"""The facts that billing publishes."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.auto_top_up import AutoTopUp
from billing.domain.checkout import Purchase
from billing.domain.dispute import Dispute
from billing.domain.identifiers import InvoiceId, PaymentId, SignInId, UserId
from billing.domain.month import Month
from billing.domain.promotion import Redemption
from billing.domain.referral import Reward
from billing.domain.refund_order import RefundOrder
from billing.domain.standing import Standing
from billing.domain.subscription import Subscription


@dataclass(frozen=True, kw_only=True)
class PaymentCompleted:
    """Money arrived: the purchase's credits are owed."""

    purchase: Purchase
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class PaymentRefunded:
    """What the purchase's refunds take back in all, or that nothing of its series is taken any more."""

    purchase: Purchase
    is_reversed: bool
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class PaymentDisputed:
    """A dispute took money of a payment, or its end is known."""

    dispute: Dispute
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class SubscriptionRenewed:
    """A month of a plan began: its credits replace what is left of the last month's.

    `payment_id` is set with the first credits of a payment: what is refunded of it is taken from them.
    """

    subscription: Subscription
    month: Month
    credits: int
    occurred_at: datetime
    invoice_id: InvoiceId | None = None
    payment_id: PaymentId | None = None


@dataclass(frozen=True, kw_only=True)
class AllocationRaised:
    """A plan became a bigger one within its month: more credits come for the rest of it."""

    subscription: Subscription
    span: Month
    credits: int
    occurred_at: datetime
    invoice_id: InvoiceId
    payment_id: PaymentId | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionChanged:
    """What an account's plan is from now on, whole; `revision` grows with each change of the account."""

    subscription: Subscription
    standing: Standing
    entitlements: tuple[str, ...]
    revision: int
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class PromotionRedeemed:
    """A person redeemed a code: its credits are owed."""

    redemption: Redemption
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReferralRewarded:
    """Somebody who was invited has paid, and one of the two gets credits for it."""

    reward: Reward
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class AutoTopUpStopped:
    """No more packs are bought by themselves until the account's owner does something."""

    auto_top_up: AutoTopUp
    # Where what the bank asks for is answered.
    url: str | None
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class RefundOrdered:
    """Somebody had a refund made; an operator at a terminal has no sign-in and no address."""

    order: RefundOrder
    left_minor: int
    currency: str
    sign_in_id: SignInId | None
    client_address: str | None
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class AccountErased:
    """Nothing joins an account to a person any more."""

    user_id: UserId
    occurred_at: datetime


Fact = (
    PaymentCompleted
    | PaymentRefunded
    | PaymentDisputed
    | SubscriptionRenewed
    | AllocationRaised
    | SubscriptionChanged
    | PromotionRedeemed
    | ReferralRewarded
    | AutoTopUpStopped
    | RefundOrdered
    | AccountErased
)
