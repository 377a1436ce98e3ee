"""Knows how long each model's jobs take."""

from dataclasses import dataclass, field
from datetime import timedelta

from generation.domain.identifiers import ModelId
from generation.domain.waiting import usual_duration_s
from generation.ports.catalogue import Catalogue
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork

WINDOW = timedelta(days=7)
# The newest of each model: enough for a median, and a bound on what is read.
NEWEST_MAX = 200


@dataclass(frozen=True)
class UsualDurations:
    """Medians over everybody's jobs of late, learnt now and then: whoever asks waits for no database."""

    units: UnitsOfWork
    catalogue: Catalogue
    clock: Clock
    _known_s: dict[ModelId, float | None] = field(default_factory=dict)

    async def learn(self) -> None:
        """Read each model's newest durations. Raises StorageUnavailable; what is known stays."""
        models = [model.model_id for model in self.catalogue.models()]
        since = self.clock.now() - WINDOW
        async with self.units.of_system() as work:
            durations_s = await work.generations.durations_s(models, since=since, limit=NEWEST_MAX)
        self._known_s.update({model: usual_duration_s(durations_s.get(model, ())) for model in models})

    def of(self, model_id: ModelId) -> float | None:
        """Return the median in seconds; None while nobody knows."""
        return self._known_s.get(model_id)
