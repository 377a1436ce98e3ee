"""Billing's facts as protobuf events."""

from collections.abc import Mapping

from chassis.events import OutgoingEvent, event
from chassis.timestamps import to_timestamp
from google.protobuf.message import Message
from tintype.billing.v1 import events_pb2 as pb

from billing.domain.auto_top_up import StopReason
from billing.domain.dispute import DisputeState
from billing.domain.events import (
    AccountErased,
    AllocationRaised,
    AutoTopUpStopped,
    Fact,
    PaymentCompleted,
    PaymentDisputed,
    PaymentRefunded,
    PromotionRedeemed,
    ReferralRewarded,
    RefundOrdered,
    SubscriptionChanged,
    SubscriptionRenewed,
)
from billing.domain.identifiers import UserId
from billing.domain.standing import BillingInterval, SubscriptionStatus

_STATES = {
    DisputeState.OPENED: pb.DISPUTE_STATE_OPENED,
    DisputeState.WON: pb.DISPUTE_STATE_WON,
    DisputeState.LOST: pb.DISPUTE_STATE_LOST,
}
_STATUSES = {
    SubscriptionStatus.TRIALING: pb.SUBSCRIPTION_STATUS_TRIALING,
    SubscriptionStatus.ACTIVE: pb.SUBSCRIPTION_STATUS_ACTIVE,
    SubscriptionStatus.PAST_DUE: pb.SUBSCRIPTION_STATUS_PAST_DUE,
    SubscriptionStatus.PAUSED: pb.SUBSCRIPTION_STATUS_PAUSED,
    SubscriptionStatus.ENDED: pb.SUBSCRIPTION_STATUS_ENDED,
}
_INTERVALS = {
    None: pb.BILLING_INTERVAL_UNSPECIFIED,
    BillingInterval.MONTH: pb.BILLING_INTERVAL_MONTH,
    BillingInterval.YEAR: pb.BILLING_INTERVAL_YEAR,
}


STOP_REASONS: Mapping[StopReason | None, pb.AutoTopUpStopReason.ValueType] = {
    None: pb.AUTO_TOP_UP_STOP_REASON_UNSPECIFIED,
    **{
        reason: pb.AutoTopUpStopReason.Value(f"AUTO_TOP_UP_STOP_REASON_{reason.name}")
        for reason in StopReason
    },
}


def encode(fact: Fact, *, event_id: str) -> OutgoingEvent:
    """Return the event that tells a fact."""
    return event(to_message(fact), account=_account(fact), event_id=event_id, time=fact.occurred_at)


def _account(fact: Fact) -> UserId:
    match fact:
        case PaymentDisputed():
            return fact.dispute.user_id
        case SubscriptionRenewed() | AllocationRaised() | SubscriptionChanged():
            return fact.subscription.user_id
        case PromotionRedeemed():
            return fact.redemption.user_id
        case ReferralRewarded():
            return fact.reward.user_id
        case AutoTopUpStopped():
            return fact.auto_top_up.user_id
        case RefundOrdered():
            return fact.order.user_id
        case AccountErased():
            return fact.user_id
        case _:
            return fact.purchase.user_id


# What rewards are called where codes are: no code has small letters.
INVITATION = "invitation"


def to_message(fact: Fact) -> Message:
    """Return the fact's message."""
    match fact:
        case AccountErased():
            return pb.AccountErased(account_id=fact.user_id, occurred_at=to_timestamp(fact.occurred_at))
        case PaymentCompleted():
            return _completed(fact)
        case PaymentRefunded():
            return _refunded(fact)
        case PaymentDisputed():
            return _disputed(fact)
        case SubscriptionRenewed():
            return _renewed(fact)
        case AllocationRaised():
            return _raised(fact)
        case SubscriptionChanged():
            return _changed(fact)
        case PromotionRedeemed():
            return _redeemed(fact)
        case ReferralRewarded():
            return _rewarded(fact)
        case AutoTopUpStopped():
            return _stopped(fact)
        case RefundOrdered():
            return _ordered(fact)


def _completed(fact: PaymentCompleted) -> pb.PaymentCompleted:
    purchase = fact.purchase
    return pb.PaymentCompleted(
        account_id=purchase.user_id,
        payment_id=purchase.payment_id,
        purchase_id=purchase.purchase_id,
        pack_id=purchase.pack_id,
        credits=purchase.credits,
        amount_minor=purchase.amount_minor,
        currency=purchase.currency,
        occurred_at=to_timestamp(fact.occurred_at),
    )


def _refunded(fact: PaymentRefunded) -> pb.PaymentRefunded:
    purchase = fact.purchase
    return pb.PaymentRefunded(
        account_id=purchase.user_id,
        payment_id=purchase.payment_id,
        purchase_id=purchase.purchase_id,
        refunded_credits=purchase.refunded_credits,
        refunded_minor=purchase.refunded_minor,
        currency=purchase.currency,
        occurred_at=to_timestamp(fact.occurred_at),
        series=purchase.refund_series,
        reversed=fact.is_reversed,
    )


def _ordered(fact: RefundOrdered) -> pb.RefundOrdered:
    order = fact.order
    return pb.RefundOrdered(
        account_id=order.user_id,
        order_id=order.order_id,
        purchase_id=order.purchase_id,
        amount_minor=order.amount_minor,
        left_minor=fact.left_minor,
        currency=fact.currency,
        actor=order.actor,
        reason=order.reason,
        session_id=fact.sign_in_id or "",
        client_address=fact.client_address or "",
        occurred_at=to_timestamp(fact.occurred_at),
    )


def _disputed(fact: PaymentDisputed) -> pb.PaymentDisputed:
    dispute = fact.dispute
    return pb.PaymentDisputed(
        account_id=dispute.user_id,
        payment_id=dispute.payment_id,
        purchase_id=dispute.purchase_id,
        dispute_id=dispute.dispute_id,
        state=_STATES[dispute.state],
        disputed_credits=dispute.disputed_credits,
        disputed_minor=dispute.disputed_minor,
        currency=dispute.currency,
        occurred_at=to_timestamp(fact.occurred_at),
    )


def _renewed(fact: SubscriptionRenewed) -> pb.SubscriptionRenewed:
    subscription = fact.subscription
    return pb.SubscriptionRenewed(
        account_id=subscription.user_id,
        subscription_id=subscription.subscription_id,
        plan_id=subscription.plan_id,
        credits=fact.credits,
        period_start=to_timestamp(fact.month.start),
        period_end=to_timestamp(fact.month.end),
        occurred_at=to_timestamp(fact.occurred_at),
        invoice_id=fact.invoice_id or "",
        payment_id=fact.payment_id or "",
    )


def _raised(fact: AllocationRaised) -> pb.AllocationRaised:
    return pb.AllocationRaised(
        account_id=fact.subscription.user_id,
        subscription_id=fact.subscription.subscription_id,
        plan_id=fact.subscription.plan_id,
        credits=fact.credits,
        starts_at=to_timestamp(fact.span.start),
        ends_at=to_timestamp(fact.span.end),
        invoice_id=fact.invoice_id,
        payment_id=fact.payment_id or "",
        occurred_at=to_timestamp(fact.occurred_at),
    )


def _changed(fact: SubscriptionChanged) -> pb.SubscriptionChanged:
    subscription, standing = fact.subscription, fact.standing
    return pb.SubscriptionChanged(
        account_id=subscription.user_id,
        subscription_id=subscription.subscription_id,
        plan_id=subscription.plan_id,
        status=_STATUSES[standing.status],
        interval=_INTERVALS[standing.interval],
        entitlements=fact.entitlements,
        valid_until=to_timestamp(standing.valid_until),
        cancel_at_period_end=standing.cancel_at_period_end,
        revision=fact.revision,
        occurred_at=to_timestamp(fact.occurred_at),
    )


def _redeemed(fact: PromotionRedeemed) -> pb.PromotionRedeemed:
    redemption = fact.redemption
    return pb.PromotionRedeemed(
        account_id=redemption.user_id,
        redemption_id=redemption.redemption_id,
        code=redemption.code,
        credits=redemption.credits,
        expires_at=to_timestamp(redemption.expires_at),
        occurred_at=to_timestamp(fact.occurred_at),
    )


def _rewarded(fact: ReferralRewarded) -> pb.PromotionRedeemed:
    """Return it as credits that are given away, as those of a code are: whoever grants them knows how."""
    return pb.PromotionRedeemed(
        account_id=fact.reward.user_id,
        redemption_id=fact.reward.reward_id,
        code=INVITATION,
        credits=fact.reward.credits,
        occurred_at=to_timestamp(fact.occurred_at),
    )


def _stopped(fact: AutoTopUpStopped) -> pb.AutoTopUpStopped:
    stopped = fact.auto_top_up
    return pb.AutoTopUpStopped(
        account_id=stopped.user_id,
        reason=STOP_REASONS[stopped.reason],
        pack_id=stopped.pack_id,
        url=fact.url or "",
        occurred_at=to_timestamp(fact.occurred_at),
    )
