"""Holds this worker's leases."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from generation.application.start_generation import Job
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class LeaseKeeper:
    """A worker whose leases ran out must stop: the job may be another's."""

    units: UnitsOfWork
    clock: Clock
    worker: str
    lease_s: float

    async def renew(self, jobs: Collection[Job]) -> Sequence[Job]:
        """Extend the leases and pass cancel requests on; return the jobs that are lost."""
        async with self.units.of_system() as work:
            kept = await work.attempts.renew(
                [job.attempt.attempt_id for job in jobs],
                worker=self.worker,
                lease_until=self.clock.now() + timedelta(seconds=self.lease_s),
            )
        for job in jobs:
            if kept.get(job.attempt.attempt_id):
                job.cancel()
        return [job for job in jobs if job.attempt.attempt_id not in kept]

    async def release(self) -> None:
        """Lets go of everything, so that another worker need not wait."""
        async with self.units.of_system() as work:
            await work.attempts.release(worker=self.worker, now=self.clock.now())
