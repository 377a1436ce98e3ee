"""Delete the uploads that nobody used, and what was announced and is late."""

from dataclasses import dataclass
from datetime import timedelta

from generation.domain.awaited_upload import COMPLETED_WITHIN
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 100


@dataclass(frozen=True)
class SweepUploadsHandler:
    """One that no job is made from goes `unused_ttl` after it came or was last used."""

    units: UnitsOfWork
    clock: Clock
    unused_ttl: timedelta

    async def __call__(self) -> None:
        now = self.clock.now()
        async with self.units.of_system() as work:
            removed = await work.uploads.remove_unused(before=now - self.unused_ttl, limit=BATCH_MAX)
            keys = [key for upload in removed for key in upload.object_keys]
            await work.deletions.schedule(keys, due_at=now)
        # Their objects were queued for removal when they were announced.
        async with self.units.of_system() as work:
            await work.awaited_uploads.remove_old(created_before=now - COMPLETED_WITHIN, limit=BATCH_MAX)
