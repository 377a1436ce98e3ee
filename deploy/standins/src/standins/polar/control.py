"""`/_test/`: what a test asks of the stand-in and nobody could ask of Polar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from standins.polar.api import Body, Call, Operation
from standins.polar.documents import shown_dispute
from standins.polar.faults import Faults
from standins.polar.organization import Deliveries, public
from standins.polar.paying import expire
from standins.polar.resources import disputes, refunds
from standins.polar.store import Document


class DeliveriesOrder(Body):
    """How webhooks are sent from now on."""

    paused: bool = False
    copies: Annotated[int, Field(ge=1, le=100)] = 1


class FaultOrder(Body):
    """Trouble for the next requests."""

    fail_next: int = 0
    lose_next: int = 0
    method: str = ""
    path: str = ""
    status: int = 500


class RefundOrder(Body):
    """A refund's next status."""

    status: refunds.Status


class DisputeOrder(Body):
    """A dispute's next status."""

    status: disputes.Status


class NewDispute(Body):
    """Which order is disputed."""

    order_id: str
    status: disputes.Status = "needs_response"


def operations(faults: Faults, deliveries: Deliveries) -> list[Operation]:
    """Return the operations of control."""

    def set_deliveries(call: Call) -> Document:
        return _set(deliveries, call.body)

    def set_faults(call: Call) -> Document:
        return _set(faults, call.body)

    own: list[tuple[str, type[Body] | None, Callable[[Call], Document]]] = [
        ("/_test/deliveries/mode", DeliveriesOrder, set_deliveries),
        ("/_test/faults", FaultOrder, set_faults),
        ("/_test/checkouts/{id}/expire", None, _expire),
        ("/_test/refunds/{id}", RefundOrder, _move_refund),
        ("/_test/disputes", NewDispute, _dispute),
        ("/_test/disputes/{id}", DisputeOrder, _move_dispute),
    ]
    return [Operation("POST", path, body, 200, work) for path, body, work in own]


def _set(target: Any, order: Body) -> Document:
    values = order.model_dump()
    for name, value in values.items():
        setattr(target, name, value)
    return values


def _expire(call: Call) -> Document:
    expire(call.change, call.id)
    return public(call.change.require("checkout", call.id))


def _move_refund(call: Call) -> Document:
    return public(refunds.move(call.change, call.change.require("refund", call.id), call.body.status))


def _dispute(call: Call) -> Document:
    order = call.change.require("order", call.body.order_id)
    dispute = disputes.dispute_order(call.change, order, status=call.body.status)
    return shown_dispute(call.change, dispute)


def _move_dispute(call: Call) -> Document:
    dispute = call.change.require("dispute", call.id)
    return shown_dispute(call.change, call.change.update("dispute", dispute, status=call.body.status))
