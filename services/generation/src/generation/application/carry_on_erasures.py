"""Erases accounts, some rows at a time."""

from dataclasses import dataclass

import structlog

from generation.application.cancel_generation import CancelGenerationHandler
from generation.domain.errors import GenerationFinished
from generation.domain.events import AccountErased
from generation.domain.identifiers import AccountId
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork

PAGE_SIZE = 20
JOBS_MAX = 100
# Rows of each kind in one transaction, and transactions for one account before the next has its turn.
BATCH_ROWS = 200
BATCHES_MAX = 50
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CarryOnErasuresHandler:
    """Cancels what is open, so that its credits come back, and deletes the rest once that has ended.

    Each step is a transaction of its own and finds what is left: whatever kills it, the next round goes on.
    An account that can't be erased stops no other.
    """

    units: UnitsOfWork
    cancel: CancelGenerationHandler
    clock: Clock
    batch_rows: int = BATCH_ROWS
    page_size: int = PAGE_SIZE

    async def __call__(self) -> int:
        """Return how many accounts were finished."""
        finished = 0
        after: AccountId | None = None
        while True:
            async with self.units.of_system() as work:
                page = await work.erasures.unfinished(after=after, limit=self.page_size)
            for account_id in page:
                try:
                    finished += await self._carry_on(account_id)
                except Exception:
                    log.exception("account can't be erased", account_id=account_id)
            if len(page) < self.page_size:
                return finished
            after = page[-1]

    async def _carry_on(self, account_id: AccountId) -> bool:
        async with self.units.of(account_id) as work:
            open_jobs = await work.erasures.open_jobs(account_id, limit=JOBS_MAX)
        for generation_id in open_jobs:
            try:
                await self.cancel(account_id, generation_id)
            except GenerationFinished:
                continue
        for _ in range(BATCHES_MAX):
            async with self.units.of(account_id) as work:
                if await work.erasures.open_jobs(account_id, limit=1):
                    # A worker that has it hears within seconds; whatever hangs is ended by its deadline.
                    return False
                now = self.clock.now()
                if await work.erasures.erase(account_id, now=now, limit=self.batch_rows):
                    continue
                if not await work.erasures.finish(account_id, now=now):
                    return False
                await work.publish(AccountErased(account_id=account_id, occurred_at=now))
            log.info("account erased", account_id=account_id)
            return True
        return False
