"""What a model's input is called at a provider, as configuration beside the model."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from generation.adapters.outbound.toml_catalogue import BadModelsFile, TomlCatalogue
from generation.domain.identifiers import ModelId

MODEL = """
[[models]]
id = "acme/picture"
title = "Picture"
modality = "image"
category = "text-to-image"
deadline_s = 60
price = { unit = "image", credits = 2 }

[[models.providers]]
name = "local"
model = "sketch"

[[models.providers]]
name = "acme"
model = "picture-2"
%s

[models.input]
required = ["prompt"]
[models.input.properties]
prompt = { type = "string" }
ratio = { type = "string", enum = ["1:1", "16:9"], default = "1:1" }
"""
REQUEST = 'request = { text = "{prompt}", size = { from = "ratio", map = { "1:1" = "s", "16:9" = "w" } } }'
JOB = {"prompt": "fox", "ratio": "16:9"}


def read(folder: Path, request: str) -> TomlCatalogue:
    """A catalogue of one model."""
    path = folder / "models.toml"
    path.write_text(MODEL % request)
    return TomlCatalogue(path, providers={"acme", "local"})


def test_each_provider_is_asked_in_its_own_words(tmp_path: Path) -> None:
    """One by its template, the other with the input as it is."""
    model = read(tmp_path, REQUEST).model(ModelId("acme/picture"))
    assert model.at("acme").asked(JOB) == {"text": "fox", "size": "w"}
    assert model.at("local").asked(JOB) == JOB


def test_a_long_request_is_a_file_beside_the_catalogue(tmp_path: Path) -> None:
    """As people who draw graphs save them."""
    (tmp_path / "graphs").mkdir()
    graph = {"3": {"class_type": "KSampler", "inputs": {"text": "{prompt}", "model": ["4", 0]}}}
    (tmp_path / "graphs" / "picture.json").write_text(json.dumps(graph))
    said = 'request_file = "graphs/picture.json"\nunused = ["ratio"]'
    model = read(tmp_path, said).model(ModelId("acme/picture"))
    asked = model.at("acme").asked(JOB)
    assert asked == {"3": {"class_type": "KSampler", "inputs": {"text": "fox", "model": ["4", 0]}}}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (REQUEST.replace("{prompt}", "{promt}"), "'promt', and the model's input has no such field"),
        (REQUEST.replace(', "16:9" = "w"', ""), "no word for the ratio '16:9'"),
        ('request = { text = "{prompt}" }', "ratio is never sent"),
        ("request = {}", "prompt is never sent"),
        ('unused = ["ratio"]', "none of it is unused"),
        (REQUEST + '\nrequest_file = "a.json"', "in the catalogue and in a file"),
        ('request_file = "absent.json"', "absent.json"),
        ('request_file = "list.json"', "list.json holds no object"),
        ('request_file = "broken.json"', "its request to acme"),
        ('request_file = "deep.json"', "its request to acme"),
    ],
)
def test_a_request_that_can_not_be_ends_the_start(tmp_path: Path, request_: str, said: str) -> None:
    """The line names the model, who is asked, and what is wrong."""
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "broken.json").write_text('{"a": ')
    (tmp_path / "deep.json").write_text('{"a": ' * 100_000)
    with pytest.raises(BadModelsFile, match=said) as bad:
        read(tmp_path, request_)
    assert str(bad.value).startswith("acme/picture: its request to acme: ")


@pytest.mark.parametrize("name", ["../secrets.json", "/etc/x.json", "a/../b.json", "a.toml", "", ".json"])
def test_a_file_is_beside_the_catalogue(tmp_path: Path, name: str) -> None:
    """And nowhere else."""
    with pytest.raises(BadModelsFile, match="request_file"):
        read(tmp_path, f'request_file = "{name}"')


def test_a_copy_of_our_catalogue_works_where_it_is(tmp_path: Path) -> None:
    """With the files that we ship; one of the same name beside it comes first."""
    ours = Path(str(files("generation")))
    copy = tmp_path / "models.toml"
    copy.write_text((ours / "models.toml").read_text())
    graph = "graphs/flux-schnell.json"
    flux = ModelId("comfyui/flux-schnell")
    job = {"prompt": "fox", "width": 256, "height": 256, "output_count": 1, "seed": 1}
    asked = TomlCatalogue(copy, providers={"comfyui"}).model(flux).at("comfyui").asked(job)
    assert asked["6"]["inputs"]["text"] == "fox"
    (tmp_path / "graphs").mkdir()
    own = (ours / graph).read_text().replace('"steps": 4', '"steps": 8')
    (tmp_path / graph).write_text(own)
    asked = TomlCatalogue(copy, providers={"comfyui"}).model(flux).at("comfyui").asked(job)
    assert asked["31"]["inputs"]["steps"] == 8
