"""A provider, and how it fared."""

from collections.abc import Iterable
from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, ModelId, shown
from gateway.adapters.inbound.rest.answers.page import Whole
from gateway.domain import generation as domain


class ProviderModel(Answer):
    """How a provider fared with one of its models on the last day, over all accounts."""

    model: ModelId
    success_rate: Annotated[float | None, shown(None, 0.98, minimum=0, maximum=1)]
    """The share of tries that succeeded; null while too few were made."""
    median_duration_s: Annotated[float | None, shown(None, 7.5, minimum=0)]
    """Seconds that those took, the median; null while too few were made."""
    stand_in: Annotated[bool, shown(False)]
    """Whether a stand-in answers in its place, as on a machine of development."""


class Provider(Answer):
    """A provider that is in use, with the models that it can run."""

    provider: Annotated[str, shown("local")]
    """Its name."""
    models: list[ProviderModel]
    """Those on offer."""

    @classmethod
    def all_of(cls, models: Iterable[domain.Model]) -> list[Self]:
        """Show every provider that can run one of the models, by name."""
        found: dict[str, list[ProviderModel]] = {}
        for model in models:
            told = {each.provider: each.runs for each in model.last_day.providers}
            for provider in model.providers:
                runs = told.get(provider, domain.RunStatistics())
                found.setdefault(provider, []).append(
                    ProviderModel(
                        model=model.model_id,
                        success_rate=runs.success_rate,
                        median_duration_s=runs.median_duration_s,
                        stand_in=provider in model.stand_ins,
                    )
                )
        return [cls(provider=name, models=found[name]) for name in sorted(found)]


class ProviderList(Whole[Provider]):
    """All providers in use."""
