"""Reads the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.domain.identifiers import ModelId
from generation.domain.model import Model
from generation.ports.catalogue import Catalogue


@dataclass(frozen=True)
class ReadModels:
    """Answers which models are on offer."""

    catalogue: Catalogue

    def all(self) -> Sequence[Model]:
        """Every model, in the order to show them."""
        return self.catalogue.models()

    def model(self, model_id: ModelId) -> Model:
        """One model. Raises UnknownModel."""
        return self.catalogue.model(model_id)
