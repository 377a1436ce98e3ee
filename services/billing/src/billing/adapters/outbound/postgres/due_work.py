"""What is due, of everything that billing looks for again and again: one statement, one round trip."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from chassis import round_trips
from chassis.postgres import SYSTEM_SCOPE, transaction
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
_LOOK = """
    SELECT EXISTS (SELECT FROM webhook_events WHERE state = 'waiting' AND due_at <= %(now)s) AS webhooks,
           EXISTS (SELECT FROM checkouts WHERE next_check_at <= %(now)s) AS checkouts,
           EXISTS (SELECT FROM auto_top_ups WHERE due_at <= %(now)s) AS top_ups,
           EXISTS (SELECT FROM subscriptions
                    WHERE ended_at IS NULL AND next_allocation_at <= %(now)s) AS renewals,
           EXISTS (SELECT FROM departures WHERE due_at <= %(now)s
                      AND coalesce(claimed_until, %(now)s) <= %(now)s) AS departures,
           EXISTS (SELECT FROM erasures WHERE finished_at IS NULL) AS erasures,
           EXISTS (SELECT FROM refund_orders WHERE state = 'open' AND due_at <= %(now)s) AS refunds,
           EXISTS (SELECT FROM referrals WHERE state = 'claimed'
                      AND paid_at <= %(paid_before)s AND due_at <= %(now)s) AS rewards
"""


@dataclass(frozen=True)
class PostgresDueWork:
    """`hold` is how long the payment of somebody who was invited has to stay before there is a reward."""

    engine: AsyncEngine
    clock: Clock
    hold: timedelta

    async def look(self) -> Collection[Queue]:
        """Return the queues in which something is due."""
        now = self.clock.now()
        values = {"now": now, "paid_before": now - self.hold}
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            (row,) = await round_trips.require(connection).ask_and_commit(_LOOK, values)
        return [queue for queue in Queue if getattr(row, queue)]
