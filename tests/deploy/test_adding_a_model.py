"""docs/providers.md, followed to the letter in a copy of the repository."""

import sys
from pathlib import Path

import pytest
from following_a_page import ROOT, TIMEOUT_S, changed, copied, follow, run

PAGE = ROOT / "docs" / "providers.md"
MODELS = "services/generation/src/generation/models.toml"
# What its first provider would be sent for the shortest input, and what that provider's stand-in says to it.
PROGRAM = """
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.identifiers import ModelId
from standins.replicate.models import MODELS

model = TomlCatalogue(None, providers={"replicate"}).model(ModelId("bfl/flux-1.1-pro"))
rules = model.input_schema["properties"]
job = {name: rule["default"] for name, rule in rules.items() if "default" in rule} | {"prompt": "a fox"}
asked = model.at("replicate").asked(job)
print(asked["prompt"], MODELS[model.at("replicate").model].refused(asked))
"""
GRAPH = """
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.identifiers import ModelId
from standins.comfyui.nodes import wrong

model = TomlCatalogue(None, providers={"comfyui"}).model(ModelId("comfyui/portrait"))
asked = model.at("comfyui").asked({"prompt": "a fox", "shape": "upright", "seed": 7})
print(asked["6"]["inputs"]["text"], asked["5"]["inputs"]["height"], wrong(asked, {}))
"""

pytestmark = pytest.mark.timeout(3 * TIMEOUT_S)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository to which the page was applied."""
    copy = copied(tmp_path_factory.mktemp("copy"))
    follow(PAGE, copy, instead={"python": sys.executable})
    return copy


def test_a_model_is_one_entry(tree: Path) -> None:
    """No other file is touched; a graph is a file of its own beside it."""
    assert changed(tree) == {MODELS}


def test_its_provider_takes_what_the_template_makes(tree: Path) -> None:
    """By the schema that the provider publishes."""
    assert run(tree, sys.executable, "-c", PROGRAM) == "a fox None\n"


def test_a_server_takes_the_graph_that_the_page_adds(tree: Path) -> None:
    """With the words in their places, and all that its nodes ask for."""
    assert run(tree, sys.executable, "-c", GRAPH) == "a fox 1216 None\n"


def test_a_template_that_does_not_fit_is_noticed_by_the_pages_own_check(tree: Path) -> None:
    """It names the model and the field."""
    path = tree / MODELS
    good = path.read_text()
    path.write_text(good.replace("safety_tolerance = 2", 'safety_tolerance = "{tolerance}"'))
    try:
        with pytest.raises(AssertionError, match="its request to replicate: safety_tolerance"):
            follow_checks(tree)
    finally:
        path.write_text(good)


def follow_checks(tree: Path) -> None:
    """The page's command alone."""
    command = PAGE.read_text().partition("```sh\n")[2].partition("```")[0]
    run(tree, "bash", "-euc", command.replace("python", sys.executable, 1))
