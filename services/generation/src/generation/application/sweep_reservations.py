"""Resolves jobs whose reservation was not answered."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from generation.application.reserve_credits import CreditReserver, locked
from generation.domain.errors import LedgerUnavailable
from generation.domain.events import released
from generation.domain.generation import Failure, Generation, Status
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 100
# The API's own call is given this long before its job is looked at.
RESERVING_GRACE = timedelta(seconds=15)
UNANSWERED = Failure("LEDGER_UNAVAILABLE", "the credits could not be reserved")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SweepReservationsHandler:
    """Asks the ledger again, idempotently; gives up after `give_up_s`, whatever stood in the way.

    Credits that were held after all come back: the reservation's own event finds the job ended and
    ends it again with the reservation's id.
    """

    units: UnitsOfWork
    credits: CreditReserver
    clock: Clock
    give_up_s: int

    async def __call__(self) -> None:
        async with self.units.of_system() as work:
            waiting = await work.generations.reserving(
                created_before=self.clock.now() - RESERVING_GRACE, limit=BATCH_MAX
            )
        for generation in waiting:
            is_old = self.clock.now() >= generation.created_at + timedelta(seconds=self.give_up_s)
            try:
                await self.credits.reserve(generation)
            except LedgerUnavailable:
                if not is_old:
                    # The others are younger, and would only ask the same ledger.
                    return
                await self._give_up(generation)
            except Exception:
                log.exception("reservation can't be resolved", generation_id=generation.generation_id)
                if is_old:
                    await self._give_up(generation)

    async def _give_up(self, generation: Generation) -> None:
        try:
            async with self.units.of(generation.account_id) as work:
                current = await locked(work, generation.generation_id)
                if current.status is not Status.RESERVING:
                    return
                now = self.clock.now()
                failed = current.failed(UNANSWERED, now=now)
                await work.generations.save(failed)
                await work.publish(released(failed, now=now))
        except Exception:
            log.exception("reservation can't be given up", generation_id=generation.generation_id)
