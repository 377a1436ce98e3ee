"""What was asked for, by the names that its form has."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from gateway.adapters.inbound.console.schema_form import TEST_CONTROL, fields_of
from gateway.domain.generation import Document, Model
from gateway.domain.identifiers import ModelId

_PROMPT = "prompt"


def model_of(models: Iterable[Model], model_id: ModelId) -> Model | None:
    """Return the model of this id; None where it is no longer on offer."""
    return next((model for model in models if model.model_id == model_id), None)


def label_of(name: str, *models: Model | None) -> str:
    """Return what the first form that has such a field calls it; without one, its name as words."""
    for model in models:
        for field in fields_of(model, {}) if model else ():
            if field.name == name:
                return field.label
    return name.replace("_", " ").capitalize()


def asked_for(model: Model | None, job: Document) -> Sequence[tuple[str, Any]]:
    """Return labels and values in the form's order, without the prompt, test controls and what is empty."""
    fields = fields_of(model, {}) if model else []
    order = [field.name for field in fields if field.name in job]
    names = order + [name for name in job if name not in order]
    return [
        (label_of(name, model), said(job[name]))
        for name in names
        if name not in (_PROMPT, TEST_CONTROL) and job[name] not in ("", None)
    ]


def said(value: Any) -> str:
    """Return a value as it was sent: a text as it is, anything else as JSON has it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
