"""Advancing a test clock: what would have come, comes in its order and at its own time."""

from __future__ import annotations

from collections.abc import Mapping

from standins.stripe import timers
from standins.stripe.account import TEST_CLOCK, Change
from standins.stripe.billing.ending import ENDED
from standins.stripe.billing.periods import interval_s, intervals_after
from standins.stripe.errors import invalid
from standins.stripe.ids import new_id
from standins.stripe.store import Document
from standins.stripe.timers import Action

KEPT_S = 7 * 86_400
STEPS_MAX = 10_000
INTERVALS_MAX = 2


def new_clock(change: Change, *, frozen_time: int, name: str | None) -> Document:
    """Create a clock that stands still."""
    clock: Document = {
        "id": new_id("clock"),
        "object": TEST_CLOCK,
        "created": change.now,
        "deletes_after": change.now + KEPT_S,
        "frozen_time": frozen_time,
        "livemode": False,
        "name": name,
        "status": "ready",
        "status_details": {"advancing": None},
    }
    return change.add(clock, "test_helpers.test_clock.created")


def farthest(change: Change, clock: Document) -> int:
    """Return how far a clock may go at once: two of the shortest intervals on it, or else two years."""
    recurring = [
        item["price"]["recurring"]
        for subscription in change.store.find("subscription", test_clock=clock["id"])
        if subscription["status"] not in ENDED
        for item in subscription["items"]["data"]
    ]
    shortest = min(recurring, key=interval_s, default={"interval": "year", "interval_count": 1})
    return intervals_after(clock["frozen_time"], shortest, INTERVALS_MAX)


def begin(change: Change, clock: Document, target: int) -> Document:
    """Set a clock in motion; it stands at `target` and is ready a little later."""
    if clock["status"] != "ready":
        raise invalid("The test clock is already advancing. Wait until its status is `ready`.")
    if target <= clock["frozen_time"]:
        raise invalid("The new frozen time must be later than the clock's frozen time.", "frozen_time")
    if target > farthest(change, clock):
        message = (
            "You can only advance a test clock by two intervals of the shortest subscription on it at once."
        )
        raise invalid(message, "frozen_time")
    moving = {
        **clock,
        "status": "advancing",
        "status_details": {"advancing": {"target_frozen_time": target}},
    }
    change.store.save(moving)
    change.record("test_helpers.test_clock.advancing", moving)
    change.schedule("advance_clock", clock["id"], delay_s=0)
    return moving


def arrive(change: Change, clock_id: str, actions: Mapping[str, Action]) -> None:
    """Do the timer's action: everything up to the target, oldest first, then the clock is ready."""
    clock = change.store.get(TEST_CLOCK, clock_id)
    if clock is None or clock["status"] != "advancing":
        return
    target = clock["status_details"]["advancing"]["target_frozen_time"]
    for _ in range(STEPS_MAX):
        due = timers.due(change.store, now=target, clock=clock_id)
        if not due:
            break
        clock = _at(change, clock, max(clock["frozen_time"], int(due[0].due_at)))
        timers.fire(change.on_clock(clock), actions, due[0])
    ready = {**_at(change, clock, target), "status": "ready", "status_details": {"advancing": None}}
    change.store.save(ready)
    change.record("test_helpers.test_clock.ready", ready)


def _at(change: Change, clock: Document, moment: int) -> Document:
    standing = {**clock, "frozen_time": moment}
    change.store.save(standing)
    return standing
