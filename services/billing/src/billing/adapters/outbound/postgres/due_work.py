"""What is due, of everything that billing looks for again and again: one statement, one round trip."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import LiteralString

from chassis.due_work import LOOK_MS, due_in
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.ports.clock import Clock


class Queue(StrEnum):
    """Whatever waits for its time, as its column in the answer is named."""

    WEBHOOKS = "webhooks"
    CHECKOUTS = "checkouts"
    TOP_UPS = "top_ups"
    RENEWALS = "renewals"
    DEPARTURES = "departures"
    ERASURES = "erasures"
    REFUNDS = "refunds"
    REWARDS = "rewards"


# Each as it is claimed, but for who else is claiming it: a look takes nothing.
_IS_DUE: Mapping[Queue, LiteralString] = {
    Queue.WEBHOOKS: "SELECT FROM webhook_events WHERE state = 'waiting' AND due_at <= %(now)s",
    Queue.CHECKOUTS: "SELECT FROM checkouts WHERE next_check_at <= %(now)s",
    Queue.TOP_UPS: "SELECT FROM auto_top_ups WHERE due_at <= %(now)s",
    Queue.RENEWALS: "SELECT FROM subscriptions WHERE ended_at IS NULL AND next_allocation_at <= %(now)s",
    Queue.DEPARTURES: """SELECT FROM departures WHERE due_at <= %(now)s
                          AND coalesce(claimed_until, %(now)s) <= %(now)s""",
    Queue.ERASURES: "SELECT FROM erasures WHERE finished_at IS NULL",
    Queue.REFUNDS: "SELECT FROM refund_orders WHERE state = 'open' AND due_at <= %(now)s",
    Queue.REWARDS: """SELECT FROM referrals WHERE state = 'claimed'
                       AND paid_at <= %(paid_before)s AND due_at <= %(now)s""",
}


@dataclass(frozen=True)
class PostgresDueWork:
    """`hold` is how long the payment of somebody who was invited has to stay before there is a reward."""

    engine: AsyncEngine
    clock: Clock
    hold: timedelta
    look_ms: int = LOOK_MS

    async def look(self, names: Collection[str] = tuple(Queue)) -> Collection[Queue]:
        """Return those in which something is due. Raises when one of them can't be looked at in time."""
        queues = [queue for queue in Queue if queue in names]
        now = self.clock.now()
        values = {"now": now, "paid_before": now - self.hold}
        return await due_in(self.engine, queues, _IS_DUE, values, look_ms=self.look_ms)
