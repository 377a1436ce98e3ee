"""The models from a TOML file."""

import json
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import BaseModel, ConfigDict, Field

from generation.adapters.outbound.toml_tariffs import BadTariff, PriceEntry, check_counted, tariff_of
from generation.domain.cost import CostRate
from generation.domain.counting import Unit
from generation.domain.errors import UnknownModel
from generation.domain.identifiers import ModelId
from generation.domain.input_media import MEDIA, REFERENCES_MAX, MediaKind
from generation.domain.model import RANDOM, Modality, Model, ModelProvider
from generation.domain.previews import PreviewTerms
from generation.domain.pricing import Tariff
from generation.domain.request_template import BadRequestTemplate, RequestTemplate


class CostEntry(BaseModel):
    """`usd_micros`, millionths of a dollar, are what `per_units` units cost us."""

    model_config = ConfigDict(extra="forbid")
    unit: Unit
    usd_micros: int = Field(ge=0, le=1_000_000_000)
    per_units: int = Field(default=1, ge=1)


class ProviderEntry(BaseModel):
    """Who runs the model, under which name, and how the input is said there.

    `request_file` is a template in a JSON file, for those that are long; `unused` names the fields of the
    input that the provider has no use for.
    """

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern="^[a-z][a-z0-9_-]{0,31}$")
    model: str = Field(min_length=1)
    request: dict[str, Any] | None = None
    request_file: str | None = Field(default=None, pattern=r"^([a-z0-9_-]+/){0,4}[a-z0-9_-]{1,60}\.json$")
    unused: frozenset[str] = frozenset()
    cost: CostEntry | None = None


class PreviewEntry(BaseModel):
    """What each preview costs that is shown of a picture while it is made."""

    model_config = ConfigDict(extra="forbid")
    credits: int = Field(ge=0, le=1_000_000)


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
    previews: PreviewEntry | None = None
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
        models = [_offered(model, providers) for model in every_model(path)]
        self._models = {model.model_id: model for model in models if model.providers}

    def models(self) -> Sequence[Model]:
        return list(self._models.values())

    def model(self, model_id: ModelId) -> Model:
        try:
            return self._models[model_id]
        except KeyError:
            raise UnknownModel(f"no model {model_id[:120]!r} is on offer") from None


def every_model(path: Path | None) -> list[Model]:
    """Return all that the file has, with all of their providers, on offer or not. Raises BadModelsFile."""
    return _models(path, path.parent) if path else list(_shipped())


@cache
def _shipped() -> tuple[Model, ...]:
    """Read what is part of the program once: it changes as little as the program does."""
    package = files("generation")
    return tuple(_models(package / "models.toml", package))


def _models(source: Traversable, beside: Traversable) -> list[Model]:
    return [_model(entry, beside) for entry in _entries(source)]


def _offered(model: Model, providers: Collection[str]) -> Model:
    return replace(model, providers=tuple(each for each in model.providers if each.name in providers))


def _entries(source: Traversable) -> list[ModelEntry]:
    try:
        entries = ModelsFile.model_validate(tomllib.loads(source.read_text(encoding="utf-8"))).models
    except (OSError, ValueError) as error:
        raise BadModelsFile(str(error).replace("\n", " ")) from error
    if len({entry.id for entry in entries}) < len(entries):
        raise BadModelsFile("two models have the same id")
    return entries


def _model(entry: ModelEntry, beside: Traversable) -> Model:
    schema = _schema(entry)
    runs = [
        ModelProvider(p.name, p.model, _request(entry, p, beside), _cost(entry, p)) for p in entry.providers
    ]
    return Model(
        model_id=ModelId(entry.id),
        title=entry.title,
        description=entry.description,
        modality=entry.modality,
        category=entry.category,
        input_schema=schema,
        tariff=_tariff(entry),
        providers=tuple(runs),
        deadline_s=entry.deadline_s,
        requires=entry.requires,
        previews=_previews(entry),
    )


def _tariff(entry: ModelEntry) -> Tariff:
    try:
        return tariff_of(entry.price, entry.input)
    except BadTariff as bad:
        raise BadModelsFile(f"{entry.id}: {bad}") from bad


def _previews(entry: ModelEntry) -> PreviewTerms | None:
    if entry.previews is None:
        return None
    if entry.modality is not Modality.IMAGE:
        raise BadModelsFile(f"{entry.id}: only pictures have previews")
    return PreviewTerms(entry.previews.credits)


def _cost(entry: ModelEntry, provider: ProviderEntry) -> CostRate | None:
    cost = provider.cost
    if cost is None:
        return None
    try:
        check_counted(cost.unit, entry.input, f"its cost at {provider.name}")
    except BadTariff as bad:
        raise BadModelsFile(f"{entry.id}: {bad}") from bad
    return CostRate(unit=cost.unit, usd_micros=cost.usd_micros, per_units=cost.per_units)


def _request(entry: ModelEntry, provider: ProviderEntry, beside: Traversable) -> RequestTemplate | None:
    """Return how `provider` is asked for the model; None where it takes the input as it is."""
    try:
        table = _template(provider, beside)
        if table is None and provider.unused:
            raise BadRequestTemplate("without a request the whole input is sent, so none of it is unused")
        fields = entry.input.get("properties", {})
        return None if table is None else RequestTemplate.checked(table, fields, unused=provider.unused)
    except (OSError, ValueError, RecursionError) as error:
        raise BadModelsFile(f"{entry.id}: its request to {provider.name}: {error}") from error


def _template(provider: ProviderEntry, beside: Traversable) -> dict[str, Any] | None:
    if provider.request_file is None:
        return provider.request
    if provider.request is not None:
        raise BadRequestTemplate("is in the catalogue and in a file")
    file = beside.joinpath(provider.request_file)
    # A catalogue that began as a copy of ours may name the files that we ship.
    file = file if file.is_file() else files("generation") / provider.request_file
    read = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(read, dict):
        raise BadRequestTemplate(f"{provider.request_file} holds no object")
    return read


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
    _check_media(entry)
    return schema


def _check_media(entry: ModelEntry) -> None:
    """Raise BadModelsFile for a field that names media and is no text, nor a list of a few."""
    for name, rule in entry.input.get("properties", {}).items():
        if MEDIA not in rule:
            continue
        if rule[MEDIA] not in list(MediaKind):
            kinds = ", ".join(MediaKind)
            raise BadModelsFile(f"{entry.id}: {name} is of media of no kind; {MEDIA} is one of {kinds}")
        items = rule.get("items")
        is_list = rule.get("type") == "array" and isinstance(items, dict) and items.get("type") == "string"
        is_short = 1 <= rule.get("maxItems", 0) <= REFERENCES_MAX
        if rule.get("type") != "string" and not (is_list and is_short):
            raise BadModelsFile(
                f"{entry.id}: {name} is a text, or a list of at most {REFERENCES_MAX}, or can't be {MEDIA}"
            )
        if "default" in rule:
            raise BadModelsFile(f"{entry.id}: {name} names media, of which nobody has the same: no default")
