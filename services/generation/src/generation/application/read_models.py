"""Reads the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.application.usual_durations import UsualDurations
from generation.domain.identifiers import ModelId
from generation.domain.model import Model
from generation.ports.catalogue import Catalogue


@dataclass(frozen=True)
class ModelView:
    """A model, and how many seconds its jobs take as a rule; None while nobody knows."""

    model: Model
    median_duration_s: float | None


@dataclass(frozen=True)
class ReadModels:
    """Answers which models are on offer."""

    catalogue: Catalogue
    durations: UsualDurations

    def all(self) -> Sequence[ModelView]:
        """Every model, in the order to show them."""
        return [self._view(model) for model in self.catalogue.models()]

    def model(self, model_id: ModelId) -> ModelView:
        """One model. Raises UnknownModel."""
        return self._view(self.catalogue.model(model_id))

    def _view(self, model: Model) -> ModelView:
        return ModelView(model, self.durations.of(model.model_id))
