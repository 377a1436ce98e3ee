"""The models from a TOML file."""

import tomllib
from collections.abc import Collection, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import BaseModel, ConfigDict, Field

from generation.domain.errors import UnknownModel
from generation.domain.identifiers import ModelId
from generation.domain.model import RANDOM, Modality, Model, ModelProvider
from generation.domain.pricing import Tariff, Unit

# The inputs that a price of this unit is made of.
PRICED_BY: dict[Unit, frozenset[str]] = {
    Unit.IMAGE: frozenset(),
    Unit.SECOND: frozenset({"duration_s"}),
    Unit.TOKEN: frozenset({"prompt", "max_tokens"}),
}


class PriceEntry(BaseModel):
    """`credits` buy `per_units` units."""

    model_config = ConfigDict(extra="forbid")
    unit: Unit
    credits: int = Field(ge=1, le=1_000_000)
    per_units: int = Field(default=1, ge=1)


class ProviderEntry(BaseModel):
    """Who runs the model, under which name."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern="^[a-z][a-z0-9_-]{0,31}$")
    model: str = Field(min_length=1)


class ModelEntry(BaseModel):
    """One [[models]]."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(pattern="^[a-z0-9_-]{1,40}/[a-z0-9._-]{1,60}$")
    title: str
    description: str = ""
    modality: Modality
    category: str
    deadline_s: int = Field(ge=1, le=86_400)
    requires: str | None = Field(default=None, pattern="^[a-z_]{1,32}$")
    providers: list[ProviderEntry] = Field(min_length=1)
    price: PriceEntry
    input: dict[str, Any]


class ModelsFile(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid")
    models: list[ModelEntry]


class BadModelsFile(ValueError):
    """The file can't be read, or a model in it makes no sense."""


class TomlCatalogue:
    """Reads the file once; offers a model when one of its providers is in `providers`.

    Raises BadModelsFile.
    """

    def __init__(self, path: Path | None, *, providers: Collection[str]) -> None:
        models = [_model(entry, providers) for entry in _entries(path)]
        self._models = {model.model_id: model for model in models if model.providers}

    def models(self) -> Sequence[Model]:
        return list(self._models.values())

    def model(self, model_id: ModelId) -> Model:
        try:
            return self._models[model_id]
        except KeyError:
            raise UnknownModel(f"no model {model_id[:120]!r} is on offer") from None


def _entries(path: Path | None) -> list[ModelEntry]:
    source = path or files("generation") / "models.toml"
    try:
        entries = ModelsFile.model_validate(tomllib.loads(source.read_text(encoding="utf-8"))).models
    except (OSError, ValueError) as error:
        raise BadModelsFile(str(error).replace("\n", " ")) from error
    if len({entry.id for entry in entries}) < len(entries):
        raise BadModelsFile("two models have the same id")
    return entries


def _model(entry: ModelEntry, providers: Collection[str]) -> Model:
    return Model(
        model_id=ModelId(entry.id),
        title=entry.title,
        description=entry.description,
        modality=entry.modality,
        category=entry.category,
        input_schema=_schema(entry),
        tariff=Tariff(entry.price.unit, entry.price.credits, entry.price.per_units),
        providers=tuple(ModelProvider(p.name, p.model) for p in entry.providers if p.name in providers),
        deadline_s=entry.deadline_s,
        requires=entry.requires,
    )


def _schema(entry: ModelEntry) -> dict[str, Any]:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": entry.title,
        "type": "object",
        **entry.input,
        "additionalProperties": False,
        # Protobuf's Struct keeps no order; forms want one.
        "x-order": list(entry.input.get("properties", {})),
    }
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise BadModelsFile(f"{entry.id}: {error.message}") from error
    for name, rule in entry.input.get("properties", {}).items():
        drawable = rule.get("type") == "integer" and {"minimum", "maximum"} <= set(rule)
        if rule.get(RANDOM) and ("default" in rule or not drawable):
            raise BadModelsFile(f"{entry.id}: {name} is an integer between two bounds, or can't be {RANDOM}")
    filled = {name for name, rule in entry.input.get("properties", {}).items() if "default" in rule}
    if missing := PRICED_BY[entry.price.unit] - filled - set(entry.input.get("required", [])):
        raise BadModelsFile(f"{entry.id}: its price needs {sorted(missing)}, required or with a default")
    return schema
