"""Remove the answers that came too late."""

from dataclasses import dataclass

import structlog

from generation.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 100
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SweepAnswersHandler:
    """An answer that was kept after its job had ended belongs to nobody."""

    units: UnitsOfWork

    async def __call__(self) -> None:
        async with self.units.of_system() as work:
            removed = await work.answers.forget_ended(limit=BATCH_MAX)
        if removed:
            log.info("answers came after their jobs had ended", removed=removed)
