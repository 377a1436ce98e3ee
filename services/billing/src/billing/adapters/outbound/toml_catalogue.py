"""The catalogue from a TOML file: what packs grant apart from how they are displayed."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from billing.domain.identifiers import PackId
from billing.domain.pack import Catalogue, Pack

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


class _File(_Strict):
    packs: dict[str, _Terms]
    display: list[_Display]


def load_catalogue(path: Path | None) -> Catalogue:
    """Return the packs in display order. Raises BadCatalogueError with one line that says what is wrong."""
    source = path or SHIPPED
    try:
        file = _File.model_validate(tomllib.loads(source.read_text()))
    except (OSError, tomllib.TOMLDecodeError) as failure:
        raise BadCatalogueError(f"{source}: {failure}") from failure
    except ValidationError as invalid:
        first = invalid.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadCatalogueError(f"{source}: {place}: {first['msg']}") from invalid
    shown = [display.pack for display in file.display]
    if sorted(shown) != sorted(file.packs):
        raise BadCatalogueError(f"{source}: each of packs needs exactly one display")
    return Catalogue(
        tuple(
            Pack(
                pack_id=PackId(display.pack),
                title=display.title,
                description=display.description,
                badge=display.badge or None,
                **_terms(display.pack, file.packs[display.pack]),
            )
            for display in file.display
        )
    )


def _terms(pack: str, terms: _Terms) -> dict[str, Any]:
    return terms.model_dump() | {"price_name": terms.price_name or f"tintype_{pack}"}
