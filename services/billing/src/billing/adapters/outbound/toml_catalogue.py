"""The catalogue from a TOML file: what packs and plans grant apart from how they are displayed."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from billing.domain.catalogue import Catalogue
from billing.domain.identifiers import PackId, PlanId
from billing.domain.pack import Pack
from billing.domain.plan import Plan, PlanPrice
from billing.domain.standing import BillingInterval

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


class _PriceTerms(_Strict):
    price_minor: int = Field(gt=0, le=100_000_000)
    currency: str = Field(pattern=r"^[a-z]{3}$")
    # Absent, it is made of the plan's id and the interval.
    price_name: str | None = Field(default=None, min_length=1, max_length=200)


class _PlanTerms(_Strict):
    credits: int = Field(gt=0, le=1_000_000_000)
    month: _PriceTerms | None = None
    year: _PriceTerms | None = None
    trial_days: int = Field(default=0, ge=0, le=365)
    entitlements: list[Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")]] = Field(
        default_factory=list, max_length=20
    )

    @field_validator("entitlements")
    @classmethod
    def _each_once(cls, words: list[str]) -> list[str]:
        if len(set(words)) != len(words):
            raise ValueError("each only once")
        return words

    @model_validator(mode="after")
    def _is_sold_in_one_currency(self) -> Self:
        prices = [price for price in (self.month, self.year) if price]
        if len({price.currency for price in prices}) > 1:
            raise ValueError("month and year must have the same currency")
        if self.trial_days and not prices:
            raise ValueError("trial_days needs a price that is paid afterwards")
        return self


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
    catalogue = Catalogue(
        packs=tuple(_pack(display, file.packs[display.pack]) for display in file.display),
        plans=tuple(_plan(display, file.plans[display.plan]) for display in file.plan_display),
    )
    names = Counter([pack.price_name for pack in catalogue.packs])
    names.update(price.price_name for plan in catalogue.plans for price in plan.prices)
    for name, uses in names.items():
        if uses > 1:
            raise BadCatalogueError(f"{source}: the price name {name!r} is used {uses} times")
    return catalogue


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
        prices=tuple(
            PlanPrice(
                interval=interval,
                price_minor=price.price_minor,
                currency=price.currency,
                price_name=price.price_name or f"tintype_{display.plan}_{interval}",
            )
            for interval, price in ((BillingInterval.MONTH, terms.month), (BillingInterval.YEAR, terms.year))
            if price
        ),
        trial_days=terms.trial_days,
    )


def _terms(pack: str, terms: _Terms) -> dict[str, Any]:
    return terms.model_dump() | {"price_name": terms.price_name or f"tintype_{pack}"}
