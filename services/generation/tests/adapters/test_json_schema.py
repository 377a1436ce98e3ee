"""Inputs against their model's schema: characters are counted, whatever they weigh."""

from typing import Any

import pytest
from generation.adapters.outbound.json_schema import JsonSchemaChecker, size_bytes_max
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.documents import canonical
from generation.domain.errors import InvalidInput
from generation.domain.identifiers import ModelId
from generation.domain.model import Model

MODELS = TomlCatalogue(None, providers={"local", "openai"}).models()


def texts_of(model: Model) -> dict[str, int]:
    """The model's texts, and how many characters each may have."""
    rules = model.input_schema["properties"]
    return {name: rule["maxLength"] for name, rule in rules.items() if "maxLength" in rule}


def lists_of(model: Model) -> dict[str, int]:
    """The model's lists, and how much each may hold."""
    rules = model.input_schema["properties"]
    return {name: rule["maxItems"] for name, rule in rules.items() if "maxItems" in rule}


@pytest.mark.exhaustive
@pytest.mark.parametrize("model", MODELS, ids=[model.model_id for model in MODELS])
@pytest.mark.parametrize("character", ["a", "é", "图", "\U00020bb7", "\U0001f600", "\x01", '"', "\\"])
def test_the_largest_input_that_the_schema_allows_is_taken(model: Model, character: str) -> None:
    """Full to the last character, of one byte or four, escaped or not."""
    job: dict[str, Any] = {name: "x" + character * (most - 1) for name, most in texts_of(model).items()}
    job |= {name: [character * 36] * most for name, most in lists_of(model).items()}
    assert JsonSchemaChecker().checked(model, job).items() >= job.items()
    assert len(canonical(job)) < size_bytes_max(model.input_schema)


@pytest.mark.parametrize("character", ["a", "图", "\U0001f600"])
def test_one_character_more_is_too_many(character: str) -> None:
    """And the refusal says of what, not how many bytes."""
    model = next(model for model in MODELS if model.model_id == ModelId("openai/chat"))
    with pytest.raises(InvalidInput) as refused:
        JsonSchemaChecker().checked(model, {"prompt": character * 20_001})
    assert refused.value.field_violations == {"prompt": "must have at most 20000 characters"}


def test_what_no_schema_would_allow_is_not_looked_at() -> None:
    """A document far beyond any input costs no validation."""
    model = MODELS[0]
    with pytest.raises(InvalidInput, match="is larger than"):
        JsonSchemaChecker().checked(model, {"prompt": "a fox", "other": ["x" * 100] * 1_000})
