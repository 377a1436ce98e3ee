"""The part of generation in memory about models: real JSON Schema, and what a job costs."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from jsonschema import Draft202012Validator

from gateway.adapters.outbound.memory.generation_state import MemoryGenerationState
from gateway.domain.errors import FieldProblem, InvalidRequest, NotFound
from gateway.domain.generation import Document, Modality, Model, ModelStatistics, PriceLine, Pricing, Quote
from gateway.domain.identifiers import AccountId, ModelId, QuoteId


def _model(name: str, modality: Modality, unit: str, credits_per_unit: int, **more: Any) -> Model:
    return Model(
        model_id=ModelId(f"local/{name}"),
        title=name.title(),
        description="Drawn on this machine.",
        modality=modality,
        category="video-edit" if "video" in more else f"text-to-{modality.value}",
        input_schema={
            "type": "object",
            "additionalProperties": False,
            "required": ["prompt", *(name for name, rule in more.items() if "x-media" in rule)],
            "properties": {
                "prompt": {"type": "string", "title": "Prompt", "minLength": 3, "maxLength": 1000},
                "ratio": {"type": "string", "enum": ["1:1", "16:9", "9:16"], "default": "1:1"},
                "output_count": {"type": "integer", "minimum": 1, "maximum": 4, "default": 1},
                "seed": {"type": "integer", "minimum": 0, "maximum": 2147483647},
                **more,
            },
        },
        pricing=Pricing(
            unit=unit,
            credits_per_unit=credits_per_unit,
            summary=f"{credits_per_unit} credits {'an' if unit == 'image' else 'a'} {unit}",
        ),
        providers=("local",),
    )


MODELS = (
    _model("sketch", Modality.IMAGE, "image", 5),
    _model(
        "motion",
        Modality.VIDEO,
        "second",
        25,
        duration_s={"type": "integer", "minimum": 1, "maximum": 12, "default": 3},
    ),
    _model(
        "edit",
        Modality.IMAGE,
        "image",
        6,
        images={
            "type": "array",
            "title": "Pictures",
            "items": {"type": "string"},
            "minItems": 1,
            "maxItems": 3,
            "x-media": "image",
        },
    ),
    _model(
        "refilm",
        Modality.VIDEO,
        "video",
        60,
        video={"type": "string", "title": "Film", "x-media": "video"},
    ),
)


class MemoryModels(MemoryGenerationState):
    """Three models of this machine, and quotes for them."""

    async def models(self, account_id: AccountId | None = None) -> Sequence[Model]:
        """See Generations."""
        opened = self.entitlements.get(account_id or "", set())
        return [
            replace(
                model,
                median_duration_s=self.medians_s.get(model.model_id),
                last_day=self.last_days.get(model.model_id, ModelStatistics()),
                stand_ins=tuple(name for name in model.providers if name in self.stand_ins),
                requires=(word := self.requires.get(model.model_id)),
                is_usable=(word is None or word in opened) if account_id else None,
            )
            for model in (*MODELS, *self.more_models)
        ]

    async def model(self, model_id: ModelId, account_id: AccountId | None = None) -> Model:
        """See Generations."""
        for model in await self.models(account_id):
            if model.model_id == model_id:
                return model
        raise NotFound("There is no such model.", reason="UNKNOWN_MODEL")

    async def quote(self, account_id: AccountId, *, model_id: ModelId, job: Document) -> Quote:
        """See Generations."""
        model = await self.model(model_id)
        check_input(model, job)
        price = price_of(model, job)
        quote_id = secrets.token_urlsafe(16)
        self.quotes[quote_id] = (account_id, model_id, dict(job))
        return Quote(
            quote_id=QuoteId(quote_id),
            credits=price,
            expires_at=self.clock.now() + timedelta(minutes=10),
            breakdown=model.pricing.summary,
            lines=(
                PriceLine(
                    quantity=price / model.pricing.credits_per_unit,
                    unit=model.pricing.unit,
                    credits_per_unit=model.pricing.credits_per_unit,
                    credits=price,
                ),
            ),
        )


def check_input(model: Model, job: Document) -> None:
    """Raise InvalidRequest, with every field, for an input that breaks its model's schema."""
    broken = [
        FieldProblem(".".join(map(str, error.absolute_path)) or "input", error.message[:200])
        for error in Draft202012Validator(model.input_schema).iter_errors(dict(job))
    ]
    if broken:
        raise InvalidRequest("The input breaks the model's schema.", reason="INVALID_INPUT", fields=broken)


def price_of(model: Model, job: Document) -> int:
    """Return what a job costs, in credits."""
    units = job.get("duration_s", 3) if model.pricing.unit == "second" else 1
    return int(model.pricing.credits_per_unit * units * job.get("output_count", 1))
