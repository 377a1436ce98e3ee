"""Subscription schedules: what a subscription is to become at a later day."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from standins.stripe.account import Change
from standins.stripe.billing import cycling, ending, phases
from standins.stripe.billing.periods import intervals_after
from standins.stripe.billing.subscription_document import items_of
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import invalid
from standins.stripe.ids import new_id
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Metadata, Nested, Parameters, merged
from standins.stripe.resources.payment_intents import move
from standins.stripe.resources.subscription_parameters import Moment, Proration, Quantity
from standins.stripe.store import Document

resource = Resource()

PHASES_MAX = 10
KIND = "subscription_schedule"
EndOfSchedule = Literal["cancel", "release"]


class PhaseItem(Nested):
    """A price and how many of it."""

    price: str
    quantity: Quantity = 1


class Duration(Nested):
    """How long a phase lasts."""

    interval: Literal["day", "week", "month", "year"]
    interval_count: Annotated[int, Field(ge=1, le=1095)] = 1


class Phase(Nested):
    """What the subscription is for a while; without an end it lasts one interval of its first price."""

    items: Annotated[list[PhaseItem], Field(min_length=1, max_length=20)]
    duration: Duration | None = None
    end_date: Moment | None = None
    metadata: Metadata
    proration_behavior: Proration = "create_prorations"
    start_date: Moment | Literal["now"] | None = None


class ScheduleCreate(Parameters):
    """A schedule for a subscription that runs."""

    from_subscription: str


class ScheduleUpdate(Parameters):
    """What the schedule is from now on: the present phase first."""

    end_behavior: EndOfSchedule = "release"
    metadata: Metadata
    phases: Annotated[list[Phase], Field(min_length=1, max_length=PHASES_MAX)] | None = None
    proration_behavior: Proration = "create_prorations"


class ScheduleRelease(Parameters):
    """How the subscription is let go."""

    preserve_cancel_date: bool = False


class ScheduleList(ListParameters):
    """Filters of the list."""

    customer: str | None = None


def new_schedule(change: Change, subscription: Document) -> Document:
    """Make a schedule of a subscription as it is, until its period ends."""
    if subscription["schedule"]:
        message = (
            "You cannot migrate a subscription that is already attached to a schedule: "
            f"`{subscription['schedule']}`."
        )
        raise invalid(message, "from_subscription")
    if subscription["status"] in ending.ENDED:
        raise invalid("You cannot create a schedule from a subscription that has ended.", "from_subscription")
    phase = phases.present_phase(subscription)
    schedule: Document = {
        "id": new_id("sub_sched"),
        "object": KIND,
        "application": None,
        "billing_mode": subscription["billing_mode"],
        "canceled_at": None,
        "completed_at": None,
        "created": change.now,
        "current_phase": {"start_date": phase["start_date"], "end_date": phase["end_date"]},
        "customer": subscription["customer"],
        "customer_account": None,
        "default_settings": {
            "application_fee_percent": None,
            "automatic_tax": None,
            "billing_cycle_anchor": "automatic",
            "billing_thresholds": None,
            "collection_method": "charge_automatically",
            "default_payment_method": subscription["default_payment_method"],
            "description": None,
            "invoice_settings": {"issuer": {"type": "self"}},
            "on_behalf_of": None,
            "transfer_data": None,
        },
        "end_behavior": "release",
        "livemode": False,
        "metadata": {},
        "pause_schedules": [],
        "phases": [phase],
        "released_at": None,
        "released_subscription": None,
        "status": "active",
        "subscription": subscription["id"],
        "test_clock": subscription["test_clock"],
    }
    change.add(schedule, "subscription_schedule.created")
    change.update(subscription, "customer.subscription.updated", schedule=schedule["id"])
    return schedule


def _require(change: Change, schedule_id: str, *, active: bool = False) -> tuple[Change, Document]:
    schedule = change.require(KIND, schedule_id, status=404)
    if active and schedule["status"] != "active":
        message = f"You cannot change a schedule that is in the `{schedule['status']}` status."
        raise invalid(message)
    return change.at_time_of(schedule["customer"]), schedule


@resource.operation("POST", "/v1/subscription_schedules", ScheduleCreate)
def create(call: Call[ScheduleCreate]) -> Document:
    """Make a schedule of a subscription; nothing changes before there are more phases."""
    name = call.params.from_subscription
    subscription = call.change.require("subscription", name, param="from_subscription")
    change = call.change.at_time_of(subscription["customer"])
    schedule = new_schedule(change, subscription)
    cycling.arrange(change, change.require("subscription", name))
    return schedule


@resource.operation("GET", "/v1/subscription_schedules/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a schedule."""
    return _require(call.change, call.id)[1]


@resource.operation("POST", "/v1/subscription_schedules/{id}", ScheduleUpdate)
def update(call: Call[ScheduleUpdate]) -> Document:
    """Say which phases follow; the present one keeps its items, its end may move."""
    change, schedule = _require(call.change, call.id, active=True)
    params = call.params
    values = params.given("end_behavior")
    values["metadata"] = merged(schedule["metadata"], params.metadata)
    if params.phases:
        values["phases"] = _phases(change, schedule, params.phases)
        first = values["phases"][0]
        values["current_phase"] = {"start_date": first["start_date"], "end_date": first["end_date"]}
    updated = change.update(schedule, "subscription_schedule.updated", **values)
    cycling.arrange(change, change.require("subscription", schedule["subscription"]))
    return updated


def _phases(change: Change, schedule: Document, wanted: list[Phase]) -> list[Document]:
    present = schedule["current_phase"]
    known = items_of(change.require("subscription", schedule["subscription"]))
    made: list[Document] = []
    for index, each in enumerate(wanted):
        param = f"phases[{index}]"
        start = made[-1]["end_date"] if made else present["start_date"]
        if isinstance(each.start_date, int) and each.start_date != start:
            message = "The phases of a schedule must follow each other, and begin with the current one."
            raise invalid(message, f"{param}[start_date]")
        prices = [change.require("price", item.price, param=f"{param}[items]") for item in each.items]
        if not made and [price["id"] for price in prices] != [item["price"]["id"] for item in known]:
            message = "You can not change the items of the current phase here; update the subscription."
            raise invalid(message, f"{param}[items]")
        end = _end(each, prices[0], start, param)
        items = [{"price": item.price, "quantity": item.quantity} for item in each.items]
        made.append(
            phases.new_phase(
                prices[0]["currency"],
                items,
                start=start,
                end=end,
                proration_behavior=each.proration_behavior,
                metadata=merged({}, each.metadata),
            )
        )
    return made


def _end(phase: Phase, price: Document, start: int, param: str) -> int:
    if phase.end_date is not None:
        if phase.end_date <= start:
            raise invalid("The end date of a phase must be after its start date.", f"{param}[end_date]")
        return phase.end_date
    if phase.duration:
        return intervals_after(start, phase.duration.model_dump(), 1)
    return phases.phase_end(price, start)


@resource.operation("POST", "/v1/subscription_schedules/{id}/release", ScheduleRelease)
def release(call: Call[ScheduleRelease]) -> Document:
    """Let the subscription go on as it is."""
    change, schedule = _require(call.change, call.id, active=True)
    return phases.release(change, schedule)


@resource.operation("POST", "/v1/subscription_schedules/{id}/cancel", Parameters)
def cancel(call: Call[Parameters]) -> Document:
    """End the schedule together with its subscription."""
    change, schedule = _require(call.change, call.id, active=True)
    ending.end(change, change.require("subscription", schedule["subscription"]))
    return move(change, change.require(KIND, call.id), None)


@resource.operation("GET", "/v1/subscription_schedules", ScheduleList)
def list_(call: Call[ScheduleList]) -> Document:
    """List schedules."""
    where = {"customer": call.params.customer}
    return page(call.change, KIND, "/v1/subscription_schedules", call.params, where)
