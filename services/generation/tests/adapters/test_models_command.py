"""What an operator is told of models that are on offer, and of those that are not."""

import json
import os
from typing import Any

import pytest
from generation.__main__ import main
from generation.adapters.outbound.providers.registry import folders

COMFYDEPLOY = ["GENERATION_COMFYDEPLOY_BASE_URL", "GENERATION_COMFYDEPLOY_API_KEY"]
SECRET = "sk-that-nobody-may-read"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of this machine."""
    for name in [name for name in os.environ if name.startswith("GENERATION_")]:
        monkeypatch.delenv(name)


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    """What the command says, by model."""
    assert main(["models", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    return {each["model"]: each for each in map(json.loads, lines)}


def test_it_needs_no_database_and_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is set, what the program of this house draws is on offer, and nothing else."""
    found = listed(capsys)
    assert {name for name, each in found.items() if each["offered"]} == {
        name for name, each in found.items() if "local" in each["providers"]
    }
    assert {provider for each in found.values() for provider in each["providers"]} >= set(folders())
    assert found["pixio/krea-flux"]["providers"]["comfydeploy"] == {
        "in_use": False,
        "lacks": COMFYDEPLOY,
        "why": f"not in GENERATION_PROVIDERS, needs {', '.join(COMFYDEPLOY)}",
    }


def test_one_that_is_in_use_and_lacks_a_key_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it, it is ready; what was set is never printed, good or bad."""
    monkeypatch.setenv("GENERATION_PROVIDERS", "fal,comfyui")
    monkeypatch.setenv("GENERATION_COMFYUI_BASE_URL", SECRET)
    monkeypatch.setenv("GENERATION_COMFYUI_API_KEY", SECRET)
    flux = listed(capsys)["bfl/flux-schnell"]
    assert flux["offered"]
    assert flux["providers"]["fal"]["why"] == "needs GENERATION_FAL_API_KEY"
    monkeypatch.setenv("GENERATION_FAL_API_KEY", SECRET)
    found = listed(capsys)
    assert found["bfl/flux-schnell"]["providers"]["fal"]["why"] == "ready"
    assert found["comfyui/flux-schnell"]["providers"]["comfyui"]["why"] == "needs GENERATION_COMFYUI_BASE_URL"
    assert not found["local/sketch"]["offered"]
    assert SECRET not in json.dumps(found)


def test_another_of_a_kind_is_set_up_under_its_own_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is, nobody can know of which kind it is to be."""
    said = listed(capsys)["deepseek/v4-flash"]["providers"]["deepseek"]
    assert said["why"] == "not in GENERATION_PROVIDERS, where it is deepseek:KIND, such as deepseek:openai"
    monkeypatch.setenv("GENERATION_PROVIDERS", "deepseek:openai")
    said = listed(capsys)["deepseek/v4-flash"]["providers"]["deepseek"]
    assert said["lacks"] == ["GENERATION_DEEPSEEK_BASE_URL", "GENERATION_DEEPSEEK_API_KEY"]


def test_a_person_reads_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """A line a model."""
    assert main(["models"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["model", "category", "price", "offered", "providers"]
    sketch = next(line for line in lines if line.startswith("local/sketch"))
    assert sketch.split()[-3:] == ["yes", "local:", "ready"]


def test_a_bad_setting_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, and nothing is listed."""
    monkeypatch.setenv("GENERATION_PROVIDERS", "nobody")
    with pytest.raises(SystemExit) as ended:
        main(["models"])
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    assert told.err.startswith("GENERATION_PROVIDERS: ")
