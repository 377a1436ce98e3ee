"""A model on offer: what it takes, what it costs and who can run it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from generation.domain.cost import CostRate
from generation.domain.errors import InvalidInput, UnknownModel, Violation
from generation.domain.identifiers import MediaId, ModelId
from generation.domain.previews import PreviewTerms
from generation.domain.pricing import Tariff
from generation.domain.request_template import RequestTemplate

# An annotation of ours in a model's schema: an integer that is drawn when it is left open.
RANDOM = "x-random"


class Modality(StrEnum):
    """The kind of media a model makes."""

    IMAGE = "image"
    VIDEO = "video"
    TEXT = "text"
    AUDIO = "audio"


@dataclass(frozen=True)
class ModelProvider:
    """Who can run a model, what the model is called there, and how it is asked for there."""

    name: str
    model: str
    # None: the model's input is the provider's request.
    request: RequestTemplate | None = None
    # What a run costs us there, where the provider does not say it of each.
    cost: CostRate | None = None

    def asked(
        self, job: Mapping[str, Any], addresses: Mapping[MediaId, str] | None = None
    ) -> Mapping[str, Any]:
        """Return the provider's own request for this input, with addresses for media. Raises UnmappedValue.

        Without a template the input is sent as it is, and names media by their ids.
        """
        return self.request.filled(job, addresses) if self.request else job


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
    # None: nobody sees what it makes before it is whole.
    previews: PreviewTerms | None = None

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

    def at(self, provider: str) -> ModelProvider:
        """Return how `provider` runs this model. Raises UnknownModel when it no longer does."""
        for runs in self.providers:
            if runs.name == provider:
                return runs
        raise UnknownModel(f"{provider} does not run {self.model_id}")


@dataclass(frozen=True)
class Readiness:
    """Whether a provider is in use here, and the settings that it lacks; unknown: nobody speaks to it."""

    is_in_use: bool
    lacks: tuple[str, ...] = ()
    is_known: bool = True


@dataclass(frozen=True)
class Listed:
    """A model of the catalogue, on offer or not, with how each of its providers stands."""

    model: Model
    providers: Mapping[str, Readiness]

    @property
    def is_offered(self) -> bool:
        """Whether anybody in use runs it."""
        return any(provider.is_in_use for provider in self.providers.values())
