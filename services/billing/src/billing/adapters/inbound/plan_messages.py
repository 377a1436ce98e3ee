"""Plans, subscriptions, and what codes and invitations gave, as protobuf messages."""

from chassis.timestamps import to_timestamp
from tintype.billing.v1 import billing_pb2 as pb
from tintype.billing.v1 import events_pb2 as events

from billing.application.read_referral import ReferralStanding
from billing.application.read_subscription import SubscriptionStanding
from billing.domain.allocation import PaidAllocation
from billing.domain.plan import Plan
from billing.domain.price import Price
from billing.domain.processor_subscription import Invoice
from billing.domain.promotion import Redemption
from billing.domain.standing import BillingInterval, SubscriptionStatus
from billing.domain.subscription import PaidTerms, Subscription

INTERVALS = {
    interval: events.BillingInterval.Value(f"BILLING_INTERVAL_{interval.name}")
    for interval in BillingInterval
}

STATUSES = {
    status: events.SubscriptionStatus.Value(f"SUBSCRIPTION_STATUS_{status.name}")
    for status in SubscriptionStatus
}


def expected_price(
    request: pb.CreateCheckoutRequest | pb.ChangeSubscriptionRequest | pb.SetAutoTopUpRequest,
) -> Price | None:
    """Return what whoever asks was shown; None where they don't say."""
    if not request.HasField("expected_price"):
        return None
    shown = request.expected_price
    return Price(price_minor=shown.price_minor, currency=shown.currency)


def price(price: Price | None) -> pb.Price | None:
    """Return the message of a price."""
    return None if price is None else pb.Price(price_minor=price.price_minor, currency=price.currency)


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
    known = standing.subscription
    message = pb.Subscription(
        subscription_id=known.subscription_id,
        user_id=known.user_id,
        plan_id=known.plan_id,
        plan=plan(standing.plan) if standing.plan else None,
        began_at=to_timestamp(known.began_at),
        period_start=to_timestamp(standing.month.start),
        period_end=to_timestamp(standing.month.end),
        entitlements=standing.entitlements,
        status=STATUSES[known.standing.status],
        next_allocation_at=to_timestamp(standing.next_allocation_at),
    )
    if known.paid is not None:
        message.MergeFrom(_paid(known.paid))
    return message


def _paid(paid: PaidTerms) -> pb.Subscription:
    change = paid.change
    return pb.Subscription(
        interval=INTERVALS[paid.interval],
        price_minor=paid.price_minor,
        currency=paid.currency,
        paid_period_start=to_timestamp(paid.period_start),
        paid_period_end=to_timestamp(paid.period_end),
        trial_end=to_timestamp(paid.trial_end),
        cancels_at=to_timestamp(paid.cancels_at),
        scheduled_change=pb.ScheduledChange(
            plan_id=change.plan_id, interval=INTERVALS[change.interval], at=to_timestamp(change.at)
        )
        if change
        else None,
    )


def interval(number: int) -> BillingInterval | None:
    """Return an interval that was sent; None for none, and for one that is newer than we are."""
    return next((interval for interval, known in INTERVALS.items() if known == number), None)


def interval_number(interval: BillingInterval | None) -> events.BillingInterval.ValueType:
    """Return an interval as it is sent."""
    return INTERVALS[interval] if interval else events.BILLING_INTERVAL_UNSPECIFIED


def invoice(invoice: Invoice) -> pb.Invoice:
    """Return an invoice's message."""
    return pb.Invoice(
        invoice_id=invoice.invoice_id,
        number=invoice.number or "",
        total_minor=invoice.total_minor,
        currency=invoice.currency,
        status=pb.InvoiceStatus.Value(f"INVOICE_STATUS_{invoice.status.name}"),
        created_at=to_timestamp(invoice.created_at),
        page_url=invoice.page_url or "",
        pdf_url=invoice.pdf_url or "",
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


def told(paid: PaidAllocation) -> pb.ListAllocationsResponse:
    """Return what was told of a paid plan's credits."""
    allocation = paid.allocation
    return pb.ListAllocationsResponse(
        allocation=pb.Allocation(
            subscription_id=allocation.subscription_id,
            user_id=allocation.user_id,
            plan_id=allocation.plan_id,
            credits=allocation.credits,
            starts_at=to_timestamp(allocation.span.start),
            ends_at=to_timestamp(allocation.span.end),
            is_raise=allocation.is_raise,
            invoice_id=allocation.invoice_id,
            payment_id=paid.payment_id or "",
        )
    )


def free_plan(known: Subscription) -> pb.ListAllocationsResponse:
    """Return a free plan with its last month."""
    return pb.ListAllocationsResponse(
        free_plan=pb.FreePlan(
            subscription_id=known.subscription_id,
            user_id=known.user_id,
            began_at=to_timestamp(known.began_at),
            allocated_from=to_timestamp(known.allocated_from) if known.allocated_from else None,
        )
    )
