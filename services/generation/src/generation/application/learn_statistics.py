"""Knows how each model fared on the last day."""

from dataclasses import dataclass, field
from datetime import timedelta

from generation.domain.identifiers import ModelId
from generation.domain.model_statistics import ModelStatistics, told
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork

WINDOW = timedelta(days=1)
# The newest tries of the day: a bound on what is read, and a day's work of a busy house.
NEWEST_MAX = 50_000


@dataclass(frozen=True)
class LastDay:
    """Learnt now and then: whoever asks waits for no database."""

    units: UnitsOfWork
    clock: Clock
    _known: dict[ModelId, ModelStatistics] = field(default_factory=dict)

    async def learn(self) -> None:
        """Read the day's tries. Raises StorageUnavailable; what is known stays."""
        since = self.clock.now() - WINDOW
        async with self.units.of_system() as work:
            found = told(await work.usage_log.counts(since=since, newest=NEWEST_MAX))
        self._known.clear()
        self._known.update(found)

    def of(self, model_id: ModelId) -> ModelStatistics:
        """Return what may be told of a model; nothing while nobody knows."""
        return self._known.get(model_id, ModelStatistics())
