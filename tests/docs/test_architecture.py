"""What docs/ARCHITECTURE.md says is held by tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARCHITECTURE = ROOT / "docs" / "ARCHITECTURE.md"
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
ROW = re.compile(r"^\| (.+?) \| (.+) \| (.+?) \|$")


def failures() -> list[tuple[str, str]]:
    """Each line of the table of failures: what fails, and the cell that names its tests."""
    text = ARCHITECTURE.read_text()
    table = text.partition("| failure | what happens | held by |\n")[2].partition("\n\n")[0]
    rows = [ROW.match(line) for line in table.splitlines()[1:]]
    return [(row[1], row[3]) if row else ("", "") for row in rows]


def functions_of(path: Path) -> set[str]:
    """The names of the test functions of a file."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)}


def test_the_table_is_there() -> None:
    """An emptied or renamed table would make the checks below say nothing."""
    assert len(failures()) >= 20


@pytest.mark.parametrize(("failure", "cell"), failures(), ids=[failure for failure, _ in failures()])
def test_each_failure_names_a_test_that_exists(failure: str, cell: str) -> None:
    """A line without a test is a hope."""
    named = NAMED.findall(cell)
    assert named, f"no test is named beside {failure!r}"
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert name in functions_of(ROOT / path), f"{path}::{name}"


@pytest.mark.parametrize("decision", sorted((ROOT / "docs" / "adr").glob("*.md")), ids=lambda path: path.stem)
def test_each_decision_has_its_number_status_and_date(decision: Path) -> None:
    """A reader must see whether it still stands, and since when."""
    text = decision.read_text()
    assert text.startswith(f"# {int(decision.name[:4])}. ")
    assert re.search(
        r"^\*Status: (proposed|accepted|superseded by \d+), \d{4}-\d\d-\d\d\.\*$", text, re.MULTILINE
    )


def test_no_two_decisions_share_a_number() -> None:
    """A number that is named must mean one page."""
    numbers = [path.name[:4] for path in (ROOT / "docs" / "adr").glob("*.md")]
    assert sorted(numbers) == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
