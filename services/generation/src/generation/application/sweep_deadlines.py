"""Ends jobs past their deadline, whoever has them."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from generation.application.finish_attempt import end_without_delivery
from generation.application.start_generation import OVERDUE
from generation.domain.attempt import Outcome
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import GenerationId
from generation.ports.clock import Clock
from generation.ports.meter import Meter
from generation.ports.unit_of_work import UnitsOfWork

PAGE_SIZE = 100
UNFINISHED = Failure("DEADLINE_EXCEEDED", "the job did not end in time")
# A running job's worker ends it in time; one that died, hangs or waits to be taken up does not.
PROCESSING_GRACE = timedelta(seconds=10)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SweepDeadlinesHandler:
    """Each job is ended in a transaction of its own, so that one that can't be ended stops no other."""

    units: UnitsOfWork
    clock: Clock
    meter: Meter
    processing_grace: timedelta = PROCESSING_GRACE
    page_size: int = PAGE_SIZE

    async def __call__(self) -> None:
        await self._sweep(Status.QUEUED, timedelta(), OVERDUE)
        await self._sweep(Status.PROCESSING, self.processing_grace, UNFINISHED)

    async def _sweep(self, status: Status, grace: timedelta, failure: Failure) -> None:
        after: GenerationId | None = None
        while True:
            async with self.units.of_system() as work:
                page = await work.generations.overdue(
                    status, before=self.clock.now() - grace, after=after, limit=self.page_size
                )
            for generation_id in page:
                try:
                    await self._end(generation_id, status, grace, failure)
                except Exception:
                    log.exception("overdue job can't be ended", generation_id=generation_id)
            if len(page) < self.page_size:
                return
            after = page[-1]

    async def _end(
        self, generation_id: GenerationId, status: Status, grace: timedelta, failure: Failure
    ) -> None:
        async with self.units.of_system() as work:
            current, now = await work.generations.lock(generation_id), self.clock.now()
            if current is None or current.status is not status or now - grace < current.deadline_at:
                return
            attempt = await work.attempts.running(generation_id)
            ended = _ended(current, failure, self.clock)
            if attempt is not None:
                attempt = attempt.ended(Outcome.FAILED, now=now, failure=failure)
            await end_without_delivery(work, ended, attempt, now=now)
        if status is Status.PROCESSING:
            log.warning(
                "job did not end in time: its worker died, hangs or never came", generation_id=generation_id
            )
        self.meter.ended(ended)


def _ended(generation: Generation, failure: Failure, clock: Clock) -> Generation:
    if generation.cancel_requested:
        return generation.cancelled(now=clock.now())
    return generation.failed(failure, now=clock.now())
