"""Prices of the catalogue: what makes no sense ends the start, and is named."""

from pathlib import Path

import pytest
from generation.adapters.outbound.toml_catalogue import BadModelsFile, TomlCatalogue
from generation.domain.identifiers import ModelId
from generation.domain.pricing import Tariff

MODEL = """
[[models]]
id = "acme/clip"
title = "Clip"
modality = "video"
category = "text-to-video"
deadline_s = 60
providers = [{ name = "local", model = "clip" }]
price = { unit = "second", credits = 10, tiers = [
%s
] }

[models.input]
required = ["prompt", "length"]
[models.input.properties]
prompt = { type = "string" }
length = { type = "string", enum = ["short", "long"] }
duration_s = { type = "integer", minimum = 1, default = 5 }
resolution = { type = "string", enum = ["480p", "1080p"], default = "480p" }
sound = { type = "boolean", default = false }
level = { type = "integer", enum = [0, 1], default = 0 }
width = { type = "integer", minimum = 1 }
"""
UP_TO = "{ when = { duration_s = { up_to = %d } }, credits = 1 },"
HIGH = '{ when = { resolution = "1080p" }, credits = 25 },'
SHORT = '{ when = { resolution = "1080p", duration_s = { up_to = 5 } }, credits = 20 },'


def tariff(folder: Path, tiers: str, *, unit: str = "second", fields: str = "") -> Tariff:
    """The tariff of a catalogue of one model."""
    path = folder / "models.toml"
    path.write_text((MODEL % tiers).replace('unit = "second"', f'unit = "{unit}"') + fields)
    return TomlCatalogue(path, providers={"local"}).model(ModelId("acme/clip")).tariff


@pytest.mark.parametrize(
    ("job", "total", "said"),
    [
        ({"resolution": "480p", "duration_s": 4}, 40, None),
        ({"resolution": "1080p", "duration_s": 5}, 100, "resolution 1080p, duration_s up to 5"),
        ({"resolution": "1080p", "duration_s": 6}, 150, "resolution 1080p"),
        ({"resolution": "480p", "duration_s": 4, "sound": True}, 60, "sound on"),
    ],
)
def test_the_first_tier_that_holds_counts(
    tmp_path: Path, job: dict[str, object], total: int, said: str | None
) -> None:
    """And what is of none costs what it usually does."""
    found = tariff(tmp_path, f"{SHORT}\n{HIGH}\n{{ when = {{ sound = true }}, credits = 15 }},")
    price = found.price(job)
    assert (price.credits, price.lines[0].tier) == (total, said)
    assert found.summary == "10 to 25 credits a second"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ('{ when = { quality = "high" }, credits = 1 },', r"tier 1 needs \['quality'\]"),
        ("{ when = { width = { up_to = 5 } }, credits = 1 },", r"tier 1 needs \['width'\]"),
        (
            f'{HIGH}\n{{ when = {{ resolution = "4k" }}, credits = 1 }},',
            "tier 2 asks for resolution to be '4k'",
        ),
        ("{ when = { duration_s = 5 }, credits = 1 },", "tier 1 asks for duration_s to be 5"),
        ('{ when = { prompt = "fox" }, credits = 1 },', "tier 1 asks for prompt to be 'fox'"),
        ("{ when = { level = true }, credits = 1 },", "tier 1 asks for level to be True"),
        ("{ when = { sound = 1 }, credits = 1 },", "tier 1 asks for sound to be 1"),
        ("{ when = { length = { up_to = 5 } }, credits = 1 },", "tier 1 asks for length up to a number"),
        (f"{HIGH}\n{SHORT}", "tier 2 is never reached"),
        (f"{HIGH}\n{HIGH}", "tier 2 is never reached"),
        (
            f"{UP_TO % 9}\n{UP_TO % 5}",
            "tier 2 is never reached",
        ),
        ("{ when = { }, credits = 1 },", "when"),
        ("{ when = { sound = true }, credits = 0 },", "credits"),
        ("{ when = { sound = 1.5 }, credits = 1 },", "sound"),
        ("{ when = { duration_s = { from = 5 } }, credits = 1 },", "up_to"),
    ],
)
def test_a_tier_that_makes_no_sense_is_named(tmp_path: Path, tiers: str, said: str) -> None:
    """With its model: a price that nobody meant would be asked."""
    with pytest.raises(BadModelsFile, match=said) as bad:
        tariff(tmp_path, tiers)
    assert "acme/clip" in str(bad.value) or "models" in str(bad.value)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("unit", "fields", "said"),
    [
        ("megapixel", 'height = { type = "integer", minimum = 1, default = 8 }', r"needs \['width'\]"),
        ("step", "", r"needs \['steps'\]"),
        ("step", 'steps = { type = "number", minimum = 1, default = 8 }', "counts steps"),
        ("step", 'steps = { type = "integer", minimum = 0, default = 8 }', "counts steps"),
        ("step", 'steps = { type = "integer", default = 8 }', "counts steps"),
        ("step", 'steps = { type = "integer", enum = [0, 8], default = 8 }', "counts steps"),
        ("video", 'output_count = { type = "integer", minimum = 0, default = 1 }', "counts output_count"),
        ("character", "", "minLength of at least 1"),
        ("hour", "", "unit"),
    ],
)
def test_what_is_counted_is_there_and_is_not_nothing(
    tmp_path: Path, unit: str, fields: str, said: str
) -> None:
    """A price of nothing has no share that could be charged."""
    with pytest.raises(BadModelsFile, match=said):
        tariff(tmp_path, "", unit=unit, fields=fields)


def test_every_unit_is_counted_by_what_there_is(tmp_path: Path) -> None:
    """Values of an enum too."""
    steps = 'steps = { type = "integer", enum = [4, 8], default = 8 }'
    assert tariff(tmp_path, "", unit="step", fields=steps).price({"steps": 4}).credits == 40
    assert tariff(tmp_path, "", unit="video").price({"output_count": 3}).credits == 30
