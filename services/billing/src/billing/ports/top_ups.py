"""The part of the unit of work about buying packs by themselves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from billing.domain.auto_top_up import AutoTopUp, TopUp
from billing.domain.identifiers import CheckoutId, UserId


class TopUps(Protocol):
    """What people asked for, and what was bought of it."""

    async def auto_top_up(self, user_id: UserId) -> AutoTopUp | None:
        """Return what a user asked for, locked until the end: whoever decides on it takes turns."""

    async def add_auto_top_up(self, auto_top_up: AutoTopUp) -> bool:
        """Store what a user asks for for the first time; False when somebody else did meanwhile."""

    async def save_auto_top_up(self, auto_top_up: AutoTopUp) -> None:
        """Write what a user asked for, and where it stands."""

    async def claim_auto_top_ups(self, *, now: datetime, until: datetime, limit: int) -> Sequence[UserId]:
        """Return users whose top-ups are due for longest, and have nobody else get them before `until`."""

    async def add_top_up(self, top_up: TopUp) -> None:
        """Store a top-up that is about to be paid; its checkout is stored. A user has one open at most."""

    async def top_up(self, checkout_id: CheckoutId) -> TopUp | None:
        """Return a top-up."""

    async def save_top_up(self, top_up: TopUp) -> None:
        """Write what became of a top-up."""

    async def count_top_ups(self, user_id: UserId, *, since: datetime) -> int:
        """Return how many of a user's top-ups that began since a moment are paid or still open."""
