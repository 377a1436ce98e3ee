"""What is bought by itself, as protobuf messages and back."""

from collections.abc import Mapping

from tintype.billing.v1 import billing_pb2 as pb
from tintype.billing.v1 import events_pb2 as events

from billing.adapters.inbound import plan_messages as plans
from billing.application.read_auto_top_up import AutoTopUpView
from billing.application.set_auto_top_up import SeenBalance, SetAutoTopUp
from billing.domain.auto_top_up import AutoTopUpStatus, StopReason
from billing.domain.identifiers import PackId, UserId

_STATUSES = {
    status: pb.AutoTopUpStatus.Value(f"AUTO_TOP_UP_STATUS_{status.name}") for status in AutoTopUpStatus
}
_REASONS: Mapping[StopReason | None, events.AutoTopUpStopReason.ValueType] = {
    None: events.AUTO_TOP_UP_STOP_REASON_UNSPECIFIED,
    **{
        reason: events.AutoTopUpStopReason.Value(f"AUTO_TOP_UP_STOP_REASON_{reason.name}")
        for reason in StopReason
    },
}


def auto_top_up(view: AutoTopUpView) -> pb.AutoTopUp:
    """Return the message of how it stands; off, with nothing else, for who never asked."""
    method = pb.SavedMethod(brand=view.method.brand, last4=view.method.last4) if view.method else None
    if view.standing is None:
        return pb.AutoTopUp(status=pb.AUTO_TOP_UP_STATUS_OFF, method=method)
    known = view.standing.auto_top_up
    return pb.AutoTopUp(
        status=_STATUSES[known.status],
        threshold_credits=known.threshold_credits,
        pack_id=known.pack_id,
        monthly_purchases_max=known.purchases_max,
        reason=_REASONS[known.reason],
        purchases_this_month=view.standing.purchases,
        in_progress=known.in_flight is not None,
        method=method,
        url=view.standing.url or "",
        accepted_price=plans.price(known.accepted),
    )


def wanted(user_id: UserId, request: pb.SetAutoTopUpRequest) -> SetAutoTopUp:
    """Return the command of a request."""
    seen = request.balance if request.HasField("balance") else None
    return SetAutoTopUp(
        user_id=user_id,
        is_on=request.enabled,
        threshold_credits=request.threshold_credits,
        pack_id=PackId(request.pack_id),
        purchases_max=request.monthly_purchases_max,
        expected_price=plans.expected_price(request),
        balance=None if seen is None else SeenBalance(available=seen.available, sequence=seen.sequence),
    )
