"""The catalogue from a TOML file: what packs and plans grant apart from how they are displayed."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, field_validator

from billing.domain.catalogue import Catalogue
from billing.domain.identifiers import PackId, PlanId
from billing.domain.pack import Pack
from billing.domain.plan import Plan

SHIPPED = Path(__file__).resolve().parents[2] / "catalogue.toml"


class BadCatalogueError(ValueError):
    """The file is not a catalogue; says where and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Terms(_Strict):
    credits: int = Field(gt=0, le=1_000_000_000)
    price_minor: int = Field(gt=0, le=100_000_000)
    currency: str = Field(pattern=r"^[a-z]{3}$")
    # Older files call it as Stripe does. Absent, it is made of the pack's id.
    price_name: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        validation_alias=AliasChoices("price_name", "lookup_key"),
    )


class _Display(_Strict):
    pack: str
    title: str = Field(min_length=1, max_length=80)
    description: str = Field(default="", max_length=400)
    badge: str = Field(default="", max_length=40)


class _PlanTerms(_Strict):
    credits: int = Field(gt=0, le=1_000_000_000)
    entitlements: list[Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")]] = Field(
        default_factory=list, max_length=20
    )

    @field_validator("entitlements")
    @classmethod
    def _each_once(cls, words: list[str]) -> list[str]:
        if len(set(words)) != len(words):
            raise ValueError("each only once")
        return words


class _PlanDisplay(_Strict):
    plan: str
    title: str = Field(min_length=1, max_length=80)
    description: str = Field(default="", max_length=400)
    features: list[Annotated[str, Field(min_length=1, max_length=120)]] = Field(default_factory=list)
    badge: str = Field(default="", max_length=40)


class _File(_Strict):
    packs: dict[str, _Terms]
    display: list[_Display]
    plans: dict[str, _PlanTerms] = Field(default_factory=dict)
    plan_display: list[_PlanDisplay] = Field(default_factory=list)


def load_catalogue(path: Path | None) -> Catalogue:
    """Return packs and plans in display order. Raises BadCatalogueError: one line that says what is wrong."""
    source = path or SHIPPED
    try:
        file = _File.model_validate(tomllib.loads(source.read_text()))
    except (OSError, tomllib.TOMLDecodeError) as failure:
        raise BadCatalogueError(f"{source}: {failure}") from failure
    except ValidationError as invalid:
        first = invalid.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadCatalogueError(f"{source}: {place}: {first['msg']}") from invalid
    if sorted(display.pack for display in file.display) != sorted(file.packs):
        raise BadCatalogueError(f"{source}: each of packs needs exactly one display")
    if sorted(display.plan for display in file.plan_display) != sorted(file.plans):
        raise BadCatalogueError(f"{source}: each of plans needs exactly one plan_display")
    return Catalogue(
        packs=tuple(_pack(display, file.packs[display.pack]) for display in file.display),
        plans=tuple(_plan(display, file.plans[display.plan]) for display in file.plan_display),
    )


def _pack(display: _Display, terms: _Terms) -> Pack:
    return Pack(
        pack_id=PackId(display.pack),
        title=display.title,
        description=display.description,
        badge=display.badge or None,
        **_terms(display.pack, terms),
    )


def _plan(display: _PlanDisplay, terms: _PlanTerms) -> Plan:
    return Plan(
        plan_id=PlanId(display.plan),
        title=display.title,
        description=display.description,
        features=tuple(display.features),
        badge=display.badge or None,
        credits=terms.credits,
        entitlements=tuple(terms.entitlements),
    )


def _terms(pack: str, terms: _Terms) -> dict[str, Any]:
    return terms.model_dump() | {"price_name": terms.price_name or f"tintype_{pack}"}
