"""The benchmark of a generation's path measures everything, on a stack of its own, and leaves nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.page import table, write_part
from bench.path.meters import NAMES

ROOT = Path(__file__).resolve().parents[2]
FIGURES = (
    *(f"jobs_s_{callers}" for callers in (1, 16, 64, 256)),
    "accepted_p50_ms",
    "done_p50_ms",
    "done_p99_ms",
    "charged_p99_ms",
    "straight_p50_ms",
    "statements_a_job",
    "transactions_a_job",
)


@pytest.mark.stack
@pytest.mark.timeout(420)
def test_a_quick_run_measures_everything() -> None:
    """Each figure is there, above zero, in the object that is printed last; every job was charged once."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.path", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    result = json.loads(done.stdout.splitlines()[-1])
    found = {name: result.get(name, 0) for name in FIGURES}
    assert all(value > 0 for value in found.values()), found
    assert result["accepted_p50_ms"] <= result["done_p50_ms"] <= result["done_p99_ms"]
    assert set(result["cpu_ms_a_job"]) == set(result["idle_cpu_percent"]) == {*NAMES.values(), "all"}
    assert all(result["cpu_ms_a_job"][name] > 0 for name in NAMES.values()), result["cpu_ms_a_job"]
    # What each process takes is less than what there is.
    assert 0 < result["idle_cpu_percent"]["all"] < 100 * result["machine"]["cpus"]


def test_each_benchmark_writes_its_own_part(tmp_path: Path) -> None:
    """A part takes the place of the one with its title; the others stay as they are, in their order."""
    page = tmp_path / "page.md"
    write_part("# One\n\nfirst\n\n## Below\n\nmore\n", page=page)
    write_part("# Two\n\nsecond\n", page=page)
    write_part("# One\n\nanew\n", page=page)
    assert page.read_text() == "# One\n\nanew\n\n# Two\n\nsecond\n"


def test_a_tables_numbers_stand_to_the_right() -> None:
    """Markdown's own words for it."""
    assert table(["", "n"], [["a", "1"]]) == "|  | n |\n| --- | ---: |\n| a | 1 |"
