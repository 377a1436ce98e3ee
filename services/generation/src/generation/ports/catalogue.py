"""The models on offer."""

from collections.abc import Sequence
from typing import Protocol

from generation.domain.identifiers import ModelId
from generation.domain.model import Model


class Catalogue(Protocol):
    """Offers only models that at least one configured provider can run."""

    def models(self) -> Sequence[Model]:
        """All of them, in the order they should be shown."""
        ...

    def model(self, model_id: ModelId) -> Model:
        """One of them. Raises UnknownModel."""
        ...
