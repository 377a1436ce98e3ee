"""The part of the unit of work about accounts that are about to be erased, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from billing.adapters.outbound.memory.store import MemoryBilling
from billing.domain.departure import Departure
from billing.domain.identifiers import UserId


class MemoryDepartures:
    """Implements Departures on what is stored."""

    _billing: MemoryBilling

    async def note_departure(
        self, user_id: UserId, *, revision: int, erased_from: datetime | None, due_at: datetime
    ) -> bool:
        """Store what was told, unless something as new is stored."""
        known = self._billing.departures.get(user_id)
        if known is not None and known.revision >= revision:
            return False
        self._billing.departures[user_id] = Departure(
            user_id=user_id,
            revision=revision,
            erased_from=erased_from,
            set_to_end=known.set_to_end if known else None,
            due_at=due_at,
        )
        return True

    async def departure(self, user_id: UserId, *, lock: bool = False) -> Departure | None:
        """Return what is known of an account."""
        return self._billing.departures.get(user_id)

    async def save_departure(self, departure: Departure) -> bool:
        """Write what was set to end and when it is looked at next."""
        known = self._billing.departures.get(departure.user_id)
        if known is None or known.revision != departure.revision:
            return False
        self._billing.departures[departure.user_id] = replace(
            known, set_to_end=departure.set_to_end, due_at=departure.due_at
        )
        return True

    async def claim_departures(self, *, now: datetime, until: datetime, limit: int) -> Sequence[UserId]:
        """Return accounts that are due for longest."""
        claims = self._billing.departure_claims
        due = sorted(
            (known.due_at, user_id)
            for user_id, known in self._billing.departures.items()
            if known.due_at is not None and known.due_at <= now and claims.get(user_id, now) <= now
        )
        claimed = [user_id for _, user_id in due[:limit]]
        claims |= dict.fromkeys(claimed, until)
        return claimed

    async def release_departure(self, user_id: UserId) -> None:
        """End a claim."""
        self._billing.departure_claims.pop(user_id, None)
