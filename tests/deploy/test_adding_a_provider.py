"""docs/adding-a-provider.md, followed to the letter in a copy of the repository."""

import sys
from pathlib import Path

import pytest
from following_a_page import ROOT, TIMEOUT_S, changed, copied, follow, run, tool

PAGE = ROOT / "docs" / "adding-a-provider.md"
TAKEN = "Two files that were there are changed"

pytestmark = pytest.mark.timeout(3 * TIMEOUT_S)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository to which the page was applied, but for the suite that it ends with."""
    copy = copied(tmp_path_factory.mktemp("copy"))
    follow(PAGE, copy, instead={"python -m pytest": "true"})
    return copy


def test_what_it_takes_is_what_the_page_says(tree: Path) -> None:
    """Every file that was there and is another now is named at the page's end, and no other."""
    promised = PAGE.read_text().partition("## What it took")[2]
    assert promised.lstrip().startswith(TAKEN)
    assert changed(tree) == {".env.example", "services/generation/src/generation/models.toml"}


def test_it_passes_the_suite_of_every_provider(tree: Path) -> None:
    """It takes part because its folder is there."""
    suite = "services/generation/tests/adapters/test_provider_contract.py"
    printed = run(tree, sys.executable, "-m", "pytest", "-q", "-rA", suite, "-k", "easel")
    assert f"PASSED {suite}::test_it_makes_what_is_asked_for[easel]" in printed
    assert f"PASSED {suite}::test_a_poll_without_a_sensible_answer_is_no_verdict[silent-easel]" in printed


def test_its_settings_and_models_are_what_the_checks_expect(tree: Path) -> None:
    """Listed in .env.example, in the worker's file alone; and the catalogue reads its model."""
    run(tree, sys.executable, "-m", "pytest", "-q", "tests/deploy/test_settings_in_step.py")
    program = (
        "from generation.adapters.outbound.toml_catalogue import TomlCatalogue; "
        "print(*(model.model_id for model in TomlCatalogue(None, providers={'easel'}).models()))"
    )
    assert run(tree, sys.executable, "-c", program) == "easel/watercolour\n"


def test_the_linters_have_nothing_to_say(tree: Path) -> None:
    """Of its folder, its stand-in and its profile."""
    folders = ("services/generation", "deploy/standins")
    run(tree, tool("ruff"), "check", *folders)
    run(tree, tool("ruff"), "format", "--check", *folders)
    easel = "services/generation/src/generation/adapters/outbound/providers/easel"
    run(tree, tool("mypy"), easel, "deploy/standins/src/standins/easel")
