"""A model on offer: what it takes, what it costs and who can run it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from generation.domain.errors import InvalidInput, Violation
from generation.domain.identifiers import ModelId
from generation.domain.pricing import Tariff

# An annotation of ours in a model's schema: an integer that is drawn when it is left open.
RANDOM = "x-random"


class Modality(StrEnum):
    """The kind of media a model makes."""

    IMAGE = "image"
    VIDEO = "video"
    TEXT = "text"


@dataclass(frozen=True)
class ModelProvider:
    """Who can run a model, and what the model is called there."""

    name: str
    model: str


@dataclass(frozen=True)
class Model:
    """One entry of the catalogue."""

    model_id: ModelId
    title: str
    description: str
    modality: Modality
    category: str
    input_schema: Mapping[str, Any]
    tariff: Tariff
    providers: tuple[ModelProvider, ...]
    deadline_s: int
    # A word that an account's plan must open; None: anybody may use it.
    requires: str | None = None

    def order(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Return the providers to try: the user's order when given, else the model's.

        Raises InvalidInput for a provider that can't run this model, or one named twice.
        """
        names = tuple(provider.name for provider in self.providers)
        if not wanted:
            return names
        if len(set(wanted)) != len(wanted):
            raise InvalidInput([Violation("provider_order", "names a provider twice")])
        if unknown := [name for name in wanted if name not in names]:
            offered = ", ".join(names)
            raise InvalidInput([Violation("provider_order", f"{unknown[0][:64]!r} is not one of: {offered}")])
        return wanted

    def drawn(self, job: Mapping[str, Any], *, between: Callable[[int, int], int]) -> dict[str, Any]:
        """Return the input with what it left open drawn: whatever the schema says is `x-random`."""
        drawn = {
            name: between(rule["minimum"], rule["maximum"])
            for name, rule in self.input_schema.get("properties", {}).items()
            if rule.get(RANDOM) and name not in job
        }
        return {**job, **drawn}

    def name_at(self, provider: str) -> str:
        """Return what `provider` calls this model."""
        return next(p.model for p in self.providers if p.name == provider)
