"""Budgets: limits on what one key, or anything else with a name, may reserve in a period."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Self

_EPOCH = date(1970, 1, 1)


class BudgetPeriod(StrEnum):
    """How long a budget counts. Days and months are those of the calendar, in UTC."""

    TOTAL = "total"
    DAY = "day"
    MONTH = "month"

    def starts_on(self, now: datetime) -> date:
        """Return the first day of the period that a time lies in."""
        today = now.astimezone(UTC).date()
        return {
            BudgetPeriod.TOTAL: _EPOCH,
            BudgetPeriod.DAY: today,
            BudgetPeriod.MONTH: today.replace(day=1),
        }[self]

    def ends_on(self, starts_on: date) -> date | None:
        """Return the first day after the period, None when it never ends."""
        if self is BudgetPeriod.TOTAL:
            return None
        if self is BudgetPeriod.DAY:
            return starts_on + timedelta(days=1)
        return (starts_on + timedelta(days=31)).replace(day=1)


class BudgetScope(NamedTuple):
    """A limit in credits that a reservation must fit, as its caller states it."""

    scope: str
    period: BudgetPeriod
    limit: int


class BudgetKey(NamedTuple):
    """One budget in one period: what a reservation remembers that it counted in."""

    scope: str
    period: BudgetPeriod
    starts_on: date


class Budget(NamedTuple):
    """What was reserved under a budget in its period, less what returned."""

    key: BudgetKey
    used: int = 0

    def use(self, amount: int) -> Self:
        """Count what is reserved."""
        return self._replace(used=self.used + amount)

    def give_back(self, amount: int) -> Self:
        """Count no more what returned."""
        return self._replace(used=max(0, self.used - amount))
