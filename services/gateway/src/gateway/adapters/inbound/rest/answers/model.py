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


class Pricing(Answer):
    """What units cost."""

    unit: Annotated[str, shown("image")]
    """What is counted: an image, a second, a token."""
    credits_per_unit: Credits
    """What `per_units` of them cost."""
    per_units: Annotated[int, shown(1, 1000, minimum=1)]
    """How many units that buys: 1, or 1000 tokens."""
    summary: Annotated[str, shown("5 credits an image")]
    """The whole tariff in words."""


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

    median_duration_s: Annotated[float | None, shown(None, 7.5, minimum=0)]
    """Seconds that its jobs took of late, the median over all accounts; null while too few were made."""

    requires: Annotated[str | None, shown(None, "premium")]
    """What a plan must open before it can be used, one of a plan's `entitlements`; null: anybody may."""
    is_usable: Annotated[bool | None, shown(None, True)]
    """Whether the caller may use it; null for who sent no token."""

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
                summary=pricing.summary,
            ),
            providers=list(model.providers),
            median_duration_s=model.median_duration_s,
            requires=model.requires,
            is_usable=model.is_usable,
        )


class ModelList(Whole[Model]):
    """All models."""
