"""Use case: hear that an account is to be erased, or stays after all."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.identifiers import UserId
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class HearDeparture:
    """What was told; without a day the account stays. The revision is its place among what is told of it."""

    user_id: UserId
    revision: int
    erased_from: datetime | None


@dataclass(frozen=True)
class HearDepartureHandler:
    """Writes it down and asks the payment processor nothing: that is done afterwards, and again if it fails.

    The revision is its inbox: what comes twice, late or in another order changes nothing.
    """

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, command: HearDeparture) -> bool:
        """Note it; False for what is old, and for who is erased already."""
        now, user_id = self.clock.now(), command.user_id
        async with self.units.of(user_id) as work:
            if await work.is_erased(user_id):
                return False
            # Whoever begins a top-up takes turns with this.
            top_up = await work.auto_top_up(user_id)
            is_news = await work.note_departure(
                user_id, revision=command.revision, erased_from=command.erased_from, due_at=now
            )
            if is_news and top_up is not None and command.erased_from is None:
                await work.save_auto_top_up(top_up.going_on(now))
            return is_news
