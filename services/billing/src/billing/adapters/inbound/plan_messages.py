"""Plans, subscriptions, and what codes and invitations gave, as protobuf messages."""

from chassis.timestamps import to_timestamp
from tintype.billing.v1 import billing_pb2 as pb
from tintype.billing.v1 import events_pb2 as events

from billing.application.read_referral import ReferralStanding
from billing.application.read_subscription import SubscriptionStanding
from billing.domain.plan import Plan
from billing.domain.promotion import Redemption
from billing.domain.standing import BillingInterval

INTERVALS = {
    interval: events.BillingInterval.Value(f"BILLING_INTERVAL_{interval.name}")
    for interval in BillingInterval
}


def plan(plan: Plan) -> pb.Plan:
    """Return a plan's message."""
    return pb.Plan(
        plan_id=plan.plan_id,
        title=plan.title,
        description=plan.description,
        credits=plan.credits,
        features=plan.features,
        badge=plan.badge or "",
        entitlements=plan.entitlements,
        prices=[
            pb.PlanPrice(
                interval=INTERVALS[price.interval], price_minor=price.price_minor, currency=price.currency
            )
            for price in plan.prices
        ],
        trial_days=plan.trial_days,
    )


def subscription(standing: SubscriptionStanding) -> pb.Subscription:
    """Return a subscription's message."""
    return pb.Subscription(
        subscription_id=standing.subscription.subscription_id,
        user_id=standing.subscription.user_id,
        plan_id=standing.subscription.plan_id,
        plan=plan(standing.plan) if standing.plan else None,
        began_at=to_timestamp(standing.subscription.began_at),
        period_start=to_timestamp(standing.month.start),
        period_end=to_timestamp(standing.month.end),
        entitlements=standing.entitlements,
    )


def referral(standing: ReferralStanding) -> pb.Referral:
    """Return the message of how somebody's invitations stand."""
    return pb.Referral(
        code=standing.code,
        came=standing.came,
        rewarded=standing.rewarded,
        inviter_credits=standing.terms.inviter_credits,
        invited_credits=standing.terms.invited_credits,
        hold_days=standing.terms.hold.days,
    )


def redemption(redemption: Redemption) -> pb.Redemption:
    """Return a redemption's message."""
    return pb.Redemption(
        redemption_id=redemption.redemption_id,
        code=redemption.code,
        credits=redemption.credits,
        expires_at=to_timestamp(redemption.expires_at),
        created_at=to_timestamp(redemption.created_at),
    )
