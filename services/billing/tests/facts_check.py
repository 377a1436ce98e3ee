"""Facts and what is stored tell the same story: checked after every test that has a store."""

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import TypeVar

from billing.adapters.outbound.event_codec import INVITATION
from billing.domain.allocation import Allocation
from billing.domain.checkout import Purchase
from billing.domain.dispute import Dispute
from billing.domain.subscription import Subscription
from google.protobuf.message import Message
from tintype.billing.v1 import events_pb2 as pb

M = TypeVar("M", bound=Message)


def assert_facts_tell(
    facts: Sequence[Message],
    purchases: Sequence[Purchase],
    disputes: Iterable[Dispute],
    subscriptions: Iterable[Subscription],
    allocations: Iterable[Allocation] = (),
) -> None:
    """Fail unless each purchase, refund, dispute and month was told, with all that it is, and none twice."""
    assert len({_timeless(one) for one in facts}) == len(facts), "a fact was told twice"
    renewed = _of(facts, pb.SubscriptionRenewed)
    redeemed = _of(facts, pb.PromotionRedeemed)
    assert len({one.redemption_id for one in redeemed}) == len(redeemed)
    ordered = _of(facts, pb.RefundOrdered)
    assert len({one.order_id for one in ordered}) == len(ordered)
    codes = [(one.account_id, one.code) for one in redeemed if one.code != INVITATION]
    assert len(set(codes)) == len(codes)
    _assert_changes_in_order(_of(facts, pb.SubscriptionChanged))
    plans = pb.SubscriptionRenewed | pb.AllocationRaised | pb.SubscriptionChanged
    apart = plans | pb.PromotionRedeemed | pb.AutoTopUpStopped | pb.RefundOrdered | pb.AccountErased
    raised = _of(facts, pb.AllocationRaised)
    facts = [one for one in facts if not isinstance(one, apart)]
    _assert_months_told(renewed, subscriptions)
    _assert_credits_told(renewed, raised, allocations, purchases)
    completed, refunded, disputed = (
        _of(facts, kind) for kind in (pb.PaymentCompleted, pb.PaymentRefunded, pb.PaymentDisputed)
    )
    assert len(completed) + len(refunded) + len(disputed) == len(facts), "a fact that nobody accounts for"
    bought = sorted(_timeless(_completed(one)) for one in purchases if one.checkout_id)
    assert sorted(map(_timeless, completed)) == bought
    for purchase in purchases:
        mine = [one for one in refunded if one.purchase_id == purchase.purchase_id]
        assert _still_refunded(mine) == (purchase.refunded_credits, purchase.refunded_minor)
    last = {
        one.dispute_id: (one.purchase_id, one.account_id, one.state, one.disputed_credits) for one in disputed
    }
    assert last == {one.dispute_id: _told(one) for one in disputes}


def _assert_changes_in_order(changed: Iterable[pb.SubscriptionChanged]) -> None:
    """Fail unless each account's changes are counted from 1, none left out and none twice."""
    told = dict[str, list[int]]()
    for change in changed:
        told.setdefault(change.account_id, []).append(change.revision)
    assert all(revisions == [*range(1, len(revisions) + 1)] for revisions in told.values())


def _assert_months_told(
    renewed: Iterable[pb.SubscriptionRenewed], subscriptions: Iterable[Subscription]
) -> None:
    """Fail unless each month was told once, and the last one is what is written down."""
    months = sorted(
        (one.subscription_id, one.period_start.ToDatetime(UTC), one.account_id) for one in renewed
    )
    assert len({(subscription, start) for subscription, start, _ in months}) == len(months)
    last = {subscription: (account, start) for subscription, start, account in months}
    assert last == {
        known.subscription_id: (known.user_id, known.allocated_from)
        for known in subscriptions
        if known.allocated_from is not None
    }


def _assert_credits_told(
    renewed: Iterable[pb.SubscriptionRenewed],
    raised: Iterable[pb.AllocationRaised],
    allocations: Iterable[Allocation],
    purchases: Iterable[Purchase],
) -> None:
    """Fail unless what was told of paid plans is what is written down, and each payment went with one."""
    paid = [one for one in renewed if one.invoice_id]
    told = [(one.subscription_id, one.period_start.ToDatetime(UTC), one.credits, False) for one in paid]
    told += [(one.subscription_id, one.starts_at.ToDatetime(UTC), one.credits, True) for one in raised]
    assert sorted(told) == sorted(
        (one.subscription_id, one.span.start, one.credits, one.is_raise) for one in allocations
    )
    payments = [(one.payment_id, one.credits, one.invoice_id) for one in (*paid, *raised) if one.payment_id]
    assert sorted(payments) == sorted(
        (one.payment_id, one.credits, one.invoice_id) for one in purchases if one.checkout_id is None
    )


def _of(facts: Iterable[Message], kind: type[M]) -> list[M]:
    return [one for one in facts if isinstance(one, kind)]


def _timeless(fact: Message) -> bytes:
    """A fact without the moment at which it was told."""
    copy = type(fact)()
    copy.CopyFrom(fact)
    copy.ClearField("occurred_at")
    return type(fact).__name__.encode() + copy.SerializeToString(deterministic=True)


def _completed(purchase: Purchase) -> pb.PaymentCompleted:
    return pb.PaymentCompleted(
        account_id=purchase.user_id,
        payment_id=purchase.payment_id,
        purchase_id=purchase.purchase_id,
        pack_id=purchase.pack_id,
        credits=purchase.credits,
        amount_minor=purchase.amount_minor,
        currency=purchase.currency,
    )


def _still_refunded(told: Iterable[pb.PaymentRefunded]) -> tuple[int, int]:
    """What a ledger holds for refunded: the largest total of each series that was not reversed."""
    totals, over = dict[int, tuple[int, int]](), set[int]()
    for one in told:
        totals[one.series] = max(totals.get(one.series, (0, 0)), (one.refunded_credits, one.refunded_minor))
        over |= {one.series} if one.reversed else set()
    left = [total for series, total in totals.items() if series not in over]
    return sum(one[0] for one in left), sum(one[1] for one in left)


def _told(dispute: Dispute) -> tuple[str, str, int, int]:
    state = pb.DisputeState.Value(f"DISPUTE_STATE_{dispute.state.name}")
    return dispute.purchase_id, dispute.user_id, state, dispute.disputed_credits
