"""Remove the answers that came too late."""

import logging
from dataclasses import dataclass

from generation.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 100
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepAnswersHandler:
    """An answer that was kept after its job had ended belongs to nobody."""

    units: UnitsOfWork

    async def __call__(self) -> None:
        async with self.units.of_system() as work:
            removed = await work.answers.forget_ended(limit=BATCH_MAX)
        if removed:
            log.info("%s answers came after their jobs had ended", removed)
