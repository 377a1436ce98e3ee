"""The benchmark of a generation's path measures everything, on a stack of its own, and leaves nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.page import table, write_part
from bench.path.chat_report import CROWD
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
CHATS = (
    *(f"{name}_s_{callers}" for name in ("chat", "chat_stream") for callers in (1, 16, 64)),
    "chat_p50_ms",
    "chat_p99_ms",
    "chat_stream_p50_ms",
    "chat_stream_first_token_ms",
    "chat_stream_first_token_straight_ms",
    "chat_stream_first_token_added_ms",
)
# It runs no jobs.
WITHOUT_CHATS = "interactive"


def quick(only: str) -> tuple[dict[str, Any], str]:
    """What a quick run of a half says in the end, and before."""
    environment = {name: value for name, value in os.environ.items() if name != "BENCH_LITELLM"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.path", "--quick", "--only", only],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1]), done.stdout


@pytest.mark.stack
@pytest.mark.timeout(420)
def test_a_quick_run_measures_every_job() -> None:
    """Each figure is there, above zero, in the object that is printed last; every job was charged once."""
    result, _ = quick("jobs")
    found = {name: result.get(name, 0) for name in FIGURES}
    assert all(value > 0 for value in found.values()), found
    assert result["accepted_p50_ms"] <= result["done_p50_ms"] <= result["done_p99_ms"]
    assert set(result["cpu_ms_a_job"]) == set(result["idle_cpu_percent"]) == {*NAMES.values(), "all"}
    busy = [name for name in NAMES.values() if name != WITHOUT_CHATS]
    assert all(result["cpu_ms_a_job"][name] > 0 for name in busy), result["cpu_ms_a_job"]
    # What each process takes is less than what there is.
    assert 0 < result["idle_cpu_percent"]["all"] < 100 * result["machine"]["cpus"]


@pytest.mark.stack
@pytest.mark.timeout(420)
def test_a_quick_run_measures_every_chat() -> None:
    """The same of chats; nobody else's proxy is needed, and why there is none is said."""
    result, said = quick("chat")
    found = {name: result.get(name, 0) for name in CHATS}
    assert all(value > 0 for value in found.values()), found
    assert result["chat_stream_first_token_ms"] < result["chats"]["streamed"]["1"]["p50_ms"]
    for each in ("cpu_ms_a_chat", "cpu_ms_a_chat_stream"):
        assert min(result[each]["gateway"], result[each]["interactive"], result[each]["ledger"]) > 0
    assert set(result["crowd"]) >= set(CROWD)
    assert result["crowd"]["cpu_us_a_chunk_gateway"] > 0
    assert result["litellm"] is None
    assert "LiteLLM is not measured beside it" in said


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
