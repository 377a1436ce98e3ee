"""A provider, and how it fared."""

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field

from gateway.adapters.inbound.rest.answers.answer import Answer, ModelId, Moment, shown
from gateway.adapters.inbound.rest.answers.page import Whole
from gateway.domain import generation as domain
from gateway.domain import provider_pause as told


class ProviderPause(Answer):
    """Workers ask for nothing here now; each finds out for itself."""

    reason: Annotated[str, shown("failing", "account", "asked_to_wait")]
    """Why: it failed job after job, it does not take our account, or it said when to come again."""
    since: Moment
    """Since when, of the first worker."""
    until: Moment
    """When the last of them tries again; past while a try is under way."""
    workers: Annotated[int, shown(1, minimum=1)]
    """How many workers say so."""

    @classmethod
    def of(cls, pause: told.ProviderPause) -> Self:
        """Show a pause."""
        return cls(reason=pause.reason, since=pause.since, until=pause.until, workers=pause.workers)


class ProviderModel(Answer):
    """How a provider fared with one of its models on the last day, over all accounts."""

    model: ModelId
    success_rate: Annotated[float | None, shown(None, 0.98, minimum=0, maximum=1)]
    """The share of tries that succeeded; null while too few were made."""
    median_duration_s: Annotated[float | None, shown(None, 7.5, minimum=0)]
    """Seconds that those took, the median; null while too few were made."""
    stand_in: Annotated[bool, shown(False)]
    """Whether a stand-in answers in its place, as on a machine of development."""
    pauses: list[ProviderPause]
    """Why workers leave this model alone; empty where none does."""


class Provider(Answer):
    """A provider that is in use, with the models that it can run."""

    provider: Annotated[str, shown("local")]
    """Its name."""
    models: list[ProviderModel]
    """Those on offer."""
    pauses: list[ProviderPause]
    """Why workers leave the whole provider alone; empty where none does."""

    @classmethod
    def all_of(cls, models: Iterable[domain.Model], report: told.PauseReport) -> list[Self]:
        """Show every provider that can run one of the models, by name."""
        found: dict[str, list[ProviderModel]] = {}
        for model in models:
            runs_of = {each.provider: each.runs for each in model.last_day.providers}
            for provider in model.providers:
                runs = runs_of.get(provider, domain.RunStatistics())
                found.setdefault(provider, []).append(
                    ProviderModel(
                        model=model.model_id,
                        success_rate=runs.success_rate,
                        median_duration_s=runs.median_duration_s,
                        stand_in=provider in model.stand_ins,
                        pauses=list(map(ProviderPause.of, report.of(provider, model.model_id))),
                    )
                )
        return [
            cls(
                provider=name,
                models=found[name],
                pauses=list(map(ProviderPause.of, report.of(name, None))),
            )
            for name in sorted(found)
        ]


class ProviderList(Whole[Provider]):
    """All providers in use."""

    workers: Annotated[
        int,
        Field(
            description="How many workers spoke in the last fifteen seconds: of none, no pause is known.",
            examples=[2],
            ge=0,
        ),
    ]
