"""Models as configuration."""

from pathlib import Path

import pytest
from generation.adapters.outbound.system_dice import SystemDice
from generation.adapters.outbound.toml_catalogue import BadModelsFile, TomlCatalogue
from generation.domain.cost import CostRate
from generation.domain.counting import Unit
from generation.domain.errors import UnknownModel
from generation.domain.identifiers import ModelId
from generation.domain.input_media import MediaField, MediaKind, media_fields

MODEL = """
[[models]]
id = "acme/clip"
title = "Clip"
modality = "video"
category = "text-to-video"
deadline_s = 60
providers = [{ name = "local", model = "motion" }, { name = "acme", model = "clip-2" }]
price = { unit = "second", credits = 9 }
[models.input]
required = ["prompt", "duration_s"]
properties = { prompt = { type = "string" }, duration_s = { type = "integer", minimum = 1 } }
"""

AT = 'model = "clip-2"'


def _listed(rule: str) -> str:
    """A model whose prompt is a list of pictures, by this rule."""
    return MODEL.replace('type = "string"', f'type = "array", x-media = "image", {rule}')


DRAWN = "minimum = 1, maximum = 9, x-random = true"


def test_a_model_says_what_it_costs_us_at_a_provider(tmp_path: Path) -> None:
    """Each provider its own; where nothing is said, nothing is known."""
    path = tmp_path / "models.toml"
    cost = 'cost = { unit = "second", usd_micros = 36_000, per_units = 2 }'
    path.write_text(MODEL.replace(AT, f"{AT}, {cost}"))
    (model,) = TomlCatalogue(path, providers={"local", "acme"}).models()
    assert [provider.cost for provider in model.providers] == [
        None,
        CostRate(unit=Unit.SECOND, usd_micros=36_000, per_units=2),
    ]


def test_only_models_that_somebody_can_run_are_offered() -> None:
    """The OpenAI models appear when OpenAI is set up."""
    assert [m.model_id for m in TomlCatalogue(None, providers={"local"}).models()] == [
        "local/sketch",
        "local/motion",
        "tintype/edit",
        "tintype/upscale",
        "tintype/animate",
        "tintype/refilm",
        "tintype/between",
    ]
    assert len(TomlCatalogue(None, providers={"local", "openai"}).models()) == 12
    with pytest.raises(UnknownModel):
        TomlCatalogue(None, providers={"local"}).model(ModelId("openai/chat"))


def test_a_model_is_added_in_one_place(tmp_path: Path) -> None:
    """A definition in the file is a model on offer, with the providers that are set up here."""
    path = tmp_path / "models.toml"
    path.write_text(MODEL)
    (model,) = TomlCatalogue(path, providers={"acme"}).models()
    assert [provider.model for provider in model.providers] == ["clip-2"]
    assert model.tariff.summary == "9 credits a second"
    assert model.input_schema["additionalProperties"] is False
    assert model.input_schema["x-order"] == ["prompt", "duration_s"]


def test_a_model_says_what_it_requires(tmp_path: Path) -> None:
    """A word, or nothing; none of the shipped models requires any."""
    path = tmp_path / "models.toml"
    path.write_text(MODEL.replace("deadline_s = 60", 'deadline_s = 60\nrequires = "early_access"'))
    (model,) = TomlCatalogue(path, providers={"local"}).models()
    assert model.requires == "early_access"
    assert {m.requires for m in TomlCatalogue(None, providers={"local", "openai"}).models()} == {None}
    for word in ("", "Premium", "a" * 33, "a-b"):
        path.write_text(MODEL.replace("deadline_s = 60", f'deadline_s = 60\nrequires = "{word}"'))
        with pytest.raises(BadModelsFile, match="requires"):
            TomlCatalogue(path, providers={"local"})


def test_a_model_says_what_is_drawn(tmp_path: Path) -> None:
    """Whatever it is called, between its bounds, both included; what is given stays as it is."""
    path = tmp_path / "models.toml"
    dice = '{ type = "integer", minimum = 3, maximum = 5, x-random = true }'
    path.write_text(
        MODEL.replace('prompt = { type = "string" }', f'prompt = {{ type = "string" }}, luck = {dice}')
    )
    (model,) = TomlCatalogue(path, providers={"local"}).models()
    assert model.input_schema["properties"]["luck"]["x-random"] is True
    drawn = [model.drawn({"prompt": "x"}, between=SystemDice().between)["luck"] for _ in range(200)]
    assert set(drawn) == {3, 4, 5}
    assert model.drawn({"luck": 9}, between=SystemDice().between) == {"luck": 9}


def test_every_seed_on_offer_is_drawn() -> None:
    """A seed with a default would sell the same picture twice."""
    models = TomlCatalogue(None, providers={"local", "openai"}).models()
    seeds = [m.input_schema["properties"]["seed"] for m in models if "seed" in m.input_schema["properties"]]
    assert len(seeds) == 5
    assert all(seed["x-random"] and "default" not in seed for seed in seeds)


def test_only_local_models_have_test_controls() -> None:
    """Nobody tells a provider that costs money to fail."""
    for model in TomlCatalogue(None, providers={"local", "openai"}).models():
        simulated = "simulate" in model.input_schema["properties"]
        assert simulated == model.model_id.startswith("local/")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models = 3", "models"),
        ("not toml", "Expected"),
        (MODEL + MODEL, "same id"),
        (MODEL.replace('"second"', '"hour"'), "unit"),
        (MODEL.replace("credits = 9", "credits = 0"), "credits"),
        (MODEL.replace(', "duration_s"]', "]"), "duration_s"),
        (MODEL.replace('"string"', '"strong"'), "strong"),
        (MODEL.replace("acme/clip", "clip"), "id"),
        (MODEL.replace('type = "string"', 'type = "string", x-random = true'), "prompt"),
        (MODEL.replace('type = "integer"', 'type = "integer", x-random = true'), "duration_s"),
        (
            MODEL.replace('type = "integer", minimum = 1', f'type = "integer", {DRAWN}, default = 1'),
            "duration_s",
        ),
        (MODEL.replace('type = "string"', 'type = "string", x-media = "sound"'), "image, video"),
        (MODEL.replace('type = "string"', 'type = "string", x-media = ["image"]'), "image, video"),
        (MODEL.replace('type = "string"', 'type = "string", x-media = "image", default = ""'), "no default"),
        (MODEL.replace('type = "integer"', 'type = "integer", x-media = "image"'), "duration_s is a text"),
        (MODEL.replace(AT, f"{AT}, cost = 5"), "cost"),
        (MODEL.replace(AT, f'{AT}, cost = {{ unit = "second", usd_micros = -1 }}'), "usd_micros"),
        (
            MODEL.replace(AT, f'{AT}, cost = {{ unit = "token", usd_micros = 1 }}'),
            r"acme/clip: its cost at acme needs \['max_tokens'\]",
        ),
        (_listed("maxItems = 3, items = {}"), "at most 16"),
        (_listed('items = { type = "string" }'), "at most 16"),
        (_listed('maxItems = 17, items = { type = "string" }'), "at most 16"),
    ],
)
def test_a_bad_file_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    """The start fails with a reason, not with a model that can't be priced."""
    path = tmp_path / "models.toml"
    path.write_text(text)
    with pytest.raises(BadModelsFile, match=said):
        TomlCatalogue(path, providers={"local"})


def test_an_absent_file_is_bad(tmp_path: Path) -> None:
    """A wrong path is not taken for the shipped file."""
    with pytest.raises(BadModelsFile):
        TomlCatalogue(tmp_path / "absent.toml", providers={"local"})


def test_a_model_says_which_fields_name_media(tmp_path: Path) -> None:
    """A text, or a list of a few; both kinds."""
    path = tmp_path / "models.toml"
    pictures = '{ type = "array", maxItems = 16, items = { type = "string" }, x-media = "image" }'
    film = '{ type = "string", x-media = "video" }'
    prompt = 'prompt = { type = "string" }'
    path.write_text(MODEL.replace(prompt, f"{prompt}, pictures = {pictures}, film = {film}"))
    (model,) = TomlCatalogue(path, providers={"local"}).models()
    fields = media_fields(model.input_schema)
    assert fields == [MediaField("pictures", MediaKind.IMAGE), MediaField("film", MediaKind.VIDEO)]
