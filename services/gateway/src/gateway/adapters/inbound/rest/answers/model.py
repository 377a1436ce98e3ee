"""A model on offer."""

from typing import Annotated, Any, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, ModelId, shown
from gateway.adapters.inbound.rest.answers.page import Whole
from gateway.domain import generation as domain

_SCHEMA = {
    "type": "object",
    "required": ["prompt"],
    "properties": {"prompt": {"type": "string", "maxLength": 4000}},
    "additionalProperties": False,
}


class PriceTier(Answer):
    """What units cost of some inputs."""

    when: Annotated[str, shown("resolution 1080p")]
    """Of which, in words."""
    credits_per_unit: Credits
    """What `per_units` of them cost then."""


class Pricing(Answer):
    """What units cost."""

    unit: Annotated[str, shown("image")]
    """What is counted: an image, a video, a second, a megapixel, a step, a token, a character."""
    credits_per_unit: Credits
    """What `per_units` of them cost."""
    per_units: Annotated[int, shown(1, 1000, minimum=1)]
    """How many units that buys: 1, or 1000 tokens."""
    tiers: list[PriceTier]
    """Inputs whose units cost something else; the first that an input is of counts."""
    summary: Annotated[str, shown("5 credits an image")]
    """The whole tariff in words."""


class RunStatistics(Answer):
    """How tries ended that are not cancelled, and were not refused for their content."""

    success_rate: Annotated[float | None, shown(None, 0.98, minimum=0, maximum=1)]
    """The share that succeeded; null while too few were made."""
    median_duration_s: Annotated[float | None, shown(None, 7.5, minimum=0)]
    """Seconds that those took; null while too few were made."""


class ProviderStatistics(RunStatistics):
    """A provider's tries of a model."""

    provider: Annotated[str, shown("local")]
    """Its name, as in `providers`."""


class LastDay(RunStatistics):
    """How a model fared on the last day, over all accounts."""

    providers: list[ProviderStatistics]
    """The same of each provider that made enough tries."""

    @classmethod
    def of(cls, statistics: domain.ModelStatistics) -> Self:
        """Show a model's."""
        return cls(
            success_rate=statistics.overall.success_rate,
            median_duration_s=statistics.overall.median_duration_s,
            providers=[
                ProviderStatistics(
                    provider=each.provider,
                    success_rate=each.runs.success_rate,
                    median_duration_s=each.runs.median_duration_s,
                )
                for each in statistics.providers
            ],
        )


class Model(Answer):
    """A model on offer."""

    id: ModelId
    """`<provider>/<name>`: what `model` takes in quotes and generations."""
    title: Annotated[str, shown("Sketch")]
    """A name for people."""
    description: Annotated[str, shown("Draws a picture from a prompt.")]
    """A sentence for people."""
    modality: domain.Modality
    """What comes out."""
    category: Annotated[str, shown("text-to-image")]
    """What goes in and what comes out."""
    input_schema: Annotated[dict[str, Any], shown(_SCHEMA)]
    """JSON Schema 2020-12 of `input` in quotes and generations."""
    pricing: Pricing
    providers: Annotated[list[str], shown(["local"])]
    """Who can run it, in the order in which they are tried."""
    stand_ins: Annotated[list[str], shown([], ["openai"])]
    """Those of them in whose place a stand-in answers, which has no model: on a machine of development."""

    median_duration_s: Annotated[float | None, shown(None, 7.5, minimum=0)]
    """Seconds that its jobs took of late, the median over all accounts; null while too few were made."""

    requires: Annotated[str | None, shown(None, "premium")]
    """What a plan must open before it can be used, one of a plan's `entitlements`; null: anybody may."""
    is_usable: Annotated[bool | None, shown(None, True)]
    """Whether the caller may use it; null for who sent no token."""
    last_day: LastDay
    """How its tries ended on the last day, over all accounts."""

    @classmethod
    def of(cls, model: domain.Model) -> Self:
        """Show a model."""
        pricing = model.pricing
        return cls(
            id=model.model_id,
            title=model.title,
            description=model.description,
            modality=model.modality,
            category=model.category,
            input_schema=dict(model.input_schema),
            pricing=Pricing(
                unit=pricing.unit,
                credits_per_unit=pricing.credits_per_unit,
                per_units=pricing.per_units,
                tiers=[
                    PriceTier(when=tier.when, credits_per_unit=tier.credits_per_unit)
                    for tier in pricing.tiers
                ],
                summary=pricing.summary,
            ),
            providers=list(model.providers),
            stand_ins=list(model.stand_ins),
            median_duration_s=model.median_duration_s,
            requires=model.requires,
            is_usable=model.is_usable,
            last_day=LastDay.of(model.last_day),
        )


class ModelList(Whole[Model]):
    """All models."""
