"""The part of the unit of work about accounts that are about to be erased, or stay after all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from billing.domain.departure import Departure
from billing.domain.identifiers import UserId


class Departures(Protocol):
    """What identity told last, and what the payment processor is still to be asked for because of it."""

    async def note_departure(
        self, user_id: UserId, *, revision: int, erased_from: datetime | None, due_at: datetime
    ) -> bool:
        """Store what was told; False, changing nothing, where something as new is stored.

        What was set to end before stays written down, and a claim that somebody has goes on.
        """

    async def departure(self, user_id: UserId, *, lock: bool = False) -> Departure | None:
        """Return what is known of an account."""

    async def save_departure(self, departure: Departure) -> bool:
        """Write what was set to end and when it is looked at next; False where something newer was told."""

    async def claim_departures(self, *, now: datetime, until: datetime, limit: int) -> Sequence[UserId]:
        """Return accounts that are due for longest, and have nobody else get them before `until`."""

    async def release_departure(self, user_id: UserId) -> None:
        """End a claim."""
