"""Remove the objects that nobody needs any more."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from generation.ports.clock import Clock
from generation.ports.media_store import MediaStore
from generation.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 100
REMOVE_AGAIN_AFTER = timedelta(minutes=1)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SweepDeletionsHandler:
    """A key stays queued until its object is gone; one that can't be removed stops no other."""

    units: UnitsOfWork
    store: MediaStore
    clock: Clock

    async def __call__(self) -> None:
        now = self.clock.now()
        async with self.units.of_system() as work:
            keys = await work.deletions.claim_due(now=now, again_at=now + REMOVE_AGAIN_AFTER, limit=BATCH_MAX)
        removed = []
        for key in keys:
            try:
                await self.store.remove(key)
                removed.append(key)
            except Exception as failure:  # noqa: BLE001, whatever it is, the key comes again
                log.warning("object stays queued for removal", object_key=key, error=repr(failure))
        if removed:
            async with self.units.of_system() as work:
                await work.deletions.forget(removed)
