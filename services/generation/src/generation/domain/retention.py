"""For how long what was made is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from generation.domain.entitlements import Entitlements


@dataclass(frozen=True, kw_only=True)
class Retention:
    """`days` None: for good. A word that an account's plan opens may keep it for longer, never shorter."""

    days: int | None = None
    days_by_word: Mapping[str, int] = field(default_factory=dict)

    @property
    def goes_by_plan(self) -> bool:
        """Whether anybody has to be asked what an account's plan opens."""
        return self.days is not None and bool(self.days_by_word)

    def kept_until(self, plan: Entitlements | None, *, now: datetime) -> datetime | None:
        """Return until when what is made now is kept for whoever has this plan; None is for good.

        It is a promise: what the plan becomes afterwards, or this setting, changes nothing of it.
        """
        if self.days is None:
            return None
        opened = [days for word, days in self.days_by_word.items() if plan and plan.opens(word, now)]
        return now + timedelta(days=max([self.days, *opened]))


FOR_GOOD = Retention()
