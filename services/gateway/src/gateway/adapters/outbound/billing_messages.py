"""Billing's messages as our own objects."""

from tintype.billing.v1 import billing_pb2 as pb
from tintype.billing.v1 import events_pb2 as events

from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.wire import members
from gateway.domain.auto_top_up import AutoTopUp, AutoTopUpStatus, AutoTopUpStopReason, SavedMethod
from gateway.domain.invoice import Invoice, InvoiceStatus
from gateway.domain.price import Price
from gateway.domain.promotion import Redemption
from gateway.domain.purchase import Checkout, CheckoutStatus, Pack, PaymentStatus, Purchase, PurchaseStatus
from gateway.domain.referral import ClaimedReferral, Referral
from gateway.domain.subscription import (
    BillingInterval,
    Plan,
    PlanPrice,
    ScheduledChange,
    Subscription,
    SubscriptionStatus,
)

_STATUSES = members(pb.CheckoutStatus, CheckoutStatus)
_PAYMENT_STATUSES = members(pb.PaymentStatus, PaymentStatus)
_INVOICE_STATUSES = members(pb.InvoiceStatus, InvoiceStatus)
_AUTO_TOP_UP_STATUSES = members(pb.AutoTopUpStatus, AutoTopUpStatus)
_STOP_REASONS = members(events.AutoTopUpStopReason, AutoTopUpStopReason)
_INTERVALS = members(events.BillingInterval, BillingInterval)
_SUBSCRIPTION_STATUSES = members(events.SubscriptionStatus, SubscriptionStatus)
_PURCHASE_STATUSES = members(pb.PurchaseStatus, PurchaseStatus)


def expected_price(price: Price | None) -> pb.Price | None:
    """Return what stands for a price that somebody was shown; None where nothing is expected."""
    if price is None:
        return None
    return pb.Price(price_minor=price.price_minor, currency=price.currency)


def interval_number(interval: BillingInterval | None) -> events.BillingInterval.ValueType:
    """Return what stands for an interval in a request; none for a pack."""
    if interval is None:
        return events.BILLING_INTERVAL_UNSPECIFIED
    return events.BillingInterval.Value(f"BILLING_INTERVAL_{interval.name}")


def _payment_status(message: pb.Checkout) -> PaymentStatus:
    """Where the money is; of a billing that does not say, what the purchase says."""
    otherwise = PaymentStatus.PAID if message.purchase_id else PaymentStatus.UNPAID
    return _PAYMENT_STATUSES.get(message.payment_status, otherwise)


def _purchase_status(number: pb.PurchaseStatus.ValueType) -> PurchaseStatus:
    """Where it is; a billing that does not say yet knew of no money that went back."""
    return _PURCHASE_STATUSES.get(number, PurchaseStatus.PAID)


def _interval(message: pb.Subscription | pb.Checkout) -> BillingInterval | None:
    """For how long it is paid at once; nothing of a free plan, and of a pack."""
    return _INTERVALS.get(message.interval)


def _subscription_status(message: pb.Subscription) -> SubscriptionStatus:
    """Where it is; a billing that does not say yet knew of free plans alone."""
    return _SUBSCRIPTION_STATUSES.get(message.status, SubscriptionStatus.ACTIVE)


pack = reader(pb.Pack, Pack)
_plan_price = reader(pb.PlanPrice, PlanPrice, values={"interval": _INTERVALS.__getitem__})
plan = reader(pb.Plan, Plan, values={"prices": _plan_price})
redemption = reader(pb.Redemption, Redemption)
referral = reader(pb.Referral, Referral)
claimed = reader(pb.ClaimReferralResponse, ClaimedReferral)
_change = reader(pb.ScheduledChange, ScheduledChange, values={"interval": _INTERVALS.__getitem__})
subscription = reader(
    pb.Subscription,
    Subscription,
    values={"plan": plan, "scheduled_change": _change},
    derived={
        "status": _subscription_status,
        "interval": _interval,
        "price_minor": lambda message: message.price_minor if message.interval else None,
    },
    unread=("user_id",),
)
invoice = reader(pb.Invoice, Invoice, values={"status": _INVOICE_STATUSES.__getitem__})
_saved_method = reader(pb.SavedMethod, SavedMethod)
_price = reader(pb.Price, Price)
auto_top_up = reader(
    pb.AutoTopUp,
    AutoTopUp,
    values={
        "status": _AUTO_TOP_UP_STATUSES.__getitem__,
        "reason": _STOP_REASONS.get,
        "method": _saved_method,
        "accepted_price": _price,
    },
)
checkout = reader(
    pb.Checkout,
    Checkout,
    values={"status": _STATUSES.__getitem__},
    derived={"payment_status": _payment_status, "interval": _interval},
    unread=("user_id",),
)
purchase = reader(pb.Purchase, Purchase, values={"status": _purchase_status}, unread=("user_id",))
