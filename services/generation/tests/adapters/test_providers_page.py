"""docs/providers.md: what it shows beside the two models that are added by it can be used as it stands."""

import re
from pathlib import Path

import pytest
from generation.adapters.outbound.providers import registry
from generation.adapters.outbound.providers.registry import ChosenProvider
from generation.adapters.outbound.toml_catalogue import TomlCatalogue

PAGE = (Path(__file__).parents[4] / "docs" / "providers.md").read_text()
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
# Somewhere for a price that stands by itself.
FILM = """[[models]]
id = "acme/film"
title = "Film"
modality = "video"
category = "text-to-video"
deadline_s = 60
providers = [{ name = "acme", model = "film" }]
PRICE
input.required = ["prompt"]
input.properties.prompt = { type = "string", title = "Prompt", minLength = 1, maxLength = 100 }
input.properties.resolution = { type = "string", title = "Size", enum = ["720p", "1080p"], default = "720p" }
input.properties.duration_s = { type = "integer", title = "Seconds", minimum = 1, maximum = 10, default = 5 }
"""


def test_a_model_of_two_servers_is_taken(tmp_path: Path) -> None:
    """By either of them."""
    (block,) = [each for each in BLOCKS if "llama-4" in each]
    (tmp_path / "models.toml").write_text(block)
    for name in ("openrouter", "ollama"):
        (model,) = TomlCatalogue(tmp_path / "models.toml", providers={name}).models()
        assert model.at(name).model


@pytest.mark.parametrize(
    ("resolution", "duration_s", "price_credits"), [("1080p", 5, 100), ("1080p", 6, 150), ("720p", 6, 60)]
)
def test_the_tiers_of_a_price_cost_what_they_say(
    tmp_path: Path, resolution: str, duration_s: int, price_credits: int
) -> None:
    """The first that a job is of counts."""
    (block,) = [each for each in BLOCKS if each.startswith("price")]
    (tmp_path / "models.toml").write_text(FILM.replace("PRICE", block))
    (model,) = TomlCatalogue(tmp_path / "models.toml", providers={"acme"}).models()
    job = {"prompt": "a fox", "resolution": resolution, "duration_s": duration_s}
    assert model.tariff.price(job).credits == price_credits


def test_what_a_run_costs_us_is_said_as_the_page_says(tmp_path: Path) -> None:
    """By its provider's line."""
    (block,) = [each for each in BLOCKS if "usd_micros" in each]
    (cost,) = re.findall(r"cost = (\{.*\})", block)
    price = 'price = { unit = "image", credits = 8 }'
    line = f'providers = [{{ name = "acme", model = "x", cost = {cost} }}]'
    text = FILM.replace("PRICE", price).replace('providers = [{ name = "acme", model = "film" }]', line)
    (tmp_path / "models.toml").write_text(text)
    (model,) = TomlCatalogue(tmp_path / "models.toml", providers={"acme"}).models()
    assert model.at("acme").cost is not None
    assert model.at("acme").cost.usd_micros == 40_000  # type: ignore[union-attr]


def test_every_webhook_and_its_settings_are_named() -> None:
    """Of each provider that can call us, and of no other."""
    every = [ChosenProvider(folder, folder) for folder in registry.folders()]
    table = re.findall(
        r"^\| `(\w+)` \| (.*?) \|", PAGE.partition("## What providers tell us")[2], re.MULTILINE
    )
    told = {name: set(re.findall(r"`(GENERATION_\w+)`", settings)) for name, settings in table}
    wanted = {each.name: set(each.webhook_setting_names) for each in every if each.has_webhook}
    assert {name: told[name] for name in wanted} == wanted
