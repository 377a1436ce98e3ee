"""Delete the uploads that nobody used, and what was announced and is late."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from generation.domain.awaited_upload import COMPLETED_WITHIN
from generation.ports.clock import Clock
from generation.ports.media_store import MediaStore
from generation.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 100
# The store asks for a form's time when a file begins to come: one that comes slowly is there only later. None
# takes longer than this.
SENT_SLOWLY = timedelta(hours=24)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SweepUploadsHandler:
    """One that no job is made from goes `unused_ttl` after it came or was last used."""

    units: UnitsOfWork
    store: MediaStore
    clock: Clock
    unused_ttl: timedelta

    async def __call__(self) -> None:
        now = self.clock.now()
        async with self.units.of_system() as work:
            removed = await work.uploads.remove_unused(before=now - self.unused_ttl, limit=BATCH_MAX)
            keys = [key for upload in removed for key in upload.object_keys]
            await work.deletions.schedule(keys, due_at=now)
        async with self.units.of_system() as work:
            late = await work.awaited_uploads.remove_old(
                created_before=now - COMPLETED_WITHIN, limit=BATCH_MAX
            )
            # In the place of what was queued when it was announced: what is there by now goes at once, below.
            await work.deletions.schedule(late, due_at=now + SENT_SLOWLY)
        for key in late:
            try:
                await self.store.remove(key)
            except Exception as failure:  # noqa: BLE001, whatever it is, the key is queued
                log.warning("object stays queued for removal", object_key=key, error=repr(failure))
