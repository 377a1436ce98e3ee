"""Ends what nobody else will: unanswered reservations, jobs that waited too long, files to remove."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from generation.application.reserve_credits import ReserveCredits, locked
from generation.application.start_generation import OVERDUE
from generation.domain.errors import LedgerUnavailable
from generation.domain.events import released
from generation.domain.generation import Failure, Generation, Status
from generation.ports.clock import Clock
from generation.ports.media_store import MediaStore, StoreUnavailable
from generation.ports.meter import Meter
from generation.ports.unit_of_work import Transactions

BATCH_MAX = 100
# The API's own call is given this long before its job is looked at.
RESERVING_GRACE = timedelta(seconds=15)
REMOVE_AGAIN_AFTER = timedelta(minutes=1)
UNANSWERED = Failure("LEDGER_UNAVAILABLE", "the credits could not be reserved")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepReservations:
    """Asks the ledger again, idempotently; gives up after `give_up_s`.

    Credits that were held after all come back: the reservation's own event finds the job ended and
    ends it again with the reservation's id.
    """

    transactions: Transactions
    reserve: ReserveCredits
    clock: Clock
    give_up_s: int

    async def __call__(self) -> None:
        async with self.transactions.of_system() as work:
            waiting = await work.generations.reserving(
                created_before=self.clock.now() - RESERVING_GRACE, limit=BATCH_MAX
            )
        for generation in waiting:
            try:
                await self.reserve(generation)
            except LedgerUnavailable:
                if self.clock.now() >= generation.created_at + timedelta(seconds=self.give_up_s):
                    await self._give_up(generation)
                else:
                    return

    async def _give_up(self, generation: Generation) -> None:
        async with self.transactions.of_account(generation.account_id) as work:
            current = await locked(work, generation.generation_id)
            if current.status is not Status.RESERVING:
                return
            now = self.clock.now()
            failed = current.failed(UNANSWERED, now=now)
            await work.generations.save(failed)
            await work.publish(released(failed, now=now))


@dataclass(frozen=True)
class SweepDeadlines:
    """Fails queued jobs that no worker took in time; running ones are their worker's to fail."""

    transactions: Transactions
    clock: Clock
    meter: Meter

    async def __call__(self) -> None:
        now = self.clock.now()
        async with self.transactions.of_system() as work:
            overdue = await work.generations.lock_overdue(now=now, limit=BATCH_MAX)
            ended = [generation.failed(OVERDUE, now=now) for generation in overdue]
            for generation in ended:
                await work.generations.save(generation)
                await work.publish(released(generation, now=now))
        for generation in ended:
            self.meter.ended(generation)


@dataclass(frozen=True)
class SweepDeletions:
    """Removes objects that are due; a key stays queued until its object is gone."""

    transactions: Transactions
    store: MediaStore
    clock: Clock

    async def __call__(self) -> None:
        now = self.clock.now()
        async with self.transactions.of_system() as work:
            keys = await work.deletions.claim_due(now=now, again_at=now + REMOVE_AGAIN_AFTER, limit=BATCH_MAX)
        removed = []
        for key in keys:
            try:
                await self.store.remove(key)
                removed.append(key)
            except StoreUnavailable as unavailable:
                log.warning("object %s stays queued for removal: %s", key, unavailable)
        if removed:
            async with self.transactions.of_system() as work:
                await work.deletions.forget(removed)
