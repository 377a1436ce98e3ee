"""The long run fails where something grows, and looks at what it says that it looks at."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.path import soak
from bench.path.cases import WrongWork
from bench.path.client import Reached

ROOT = Path(__file__).resolve().parents[2]
CALLERS = 64
REACHED = Reached(jobs=600, jobs_s=60.0, p50_ms=(1.0, 2.0, 3.0), p99_ms=(4.0, 5.0, 6.0), caller_ms=1.0)


def looks(change: Callable[[int, soak.Look], soak.Look] = lambda _, look: look) -> list[soak.Look]:
    """A hundred looks at a stack in which nothing grows, each changed as a test wants it."""
    steady = soak.Look(
        at_s=0.0,
        memory_mib={"worker": 100.0, "postgresql": 50.0},
        outbox_age_s={"ledger": 0.0},
        outbox_facts={"ledger": 3},
        undelivered=40,
    )
    return [change(number, dataclasses.replace(steady, at_s=float(number))) for number in range(100)]


def required(seen: list[soak.Look]) -> None:
    """Judge what was seen."""
    soak.require_steady(soak.figures(seen, REACHED), callers=CALLERS)


def test_what_stays_as_it_is_passes() -> None:
    """Nothing grows."""
    required(looks())


def test_what_fills_at_first_passes() -> None:
    """Pools and caches grow in the beginning alone."""
    required(looks(lambda number, look: with_memory(look, "worker", 100.0 + 5 * min(number, 20))))


def test_a_leak_fails() -> None:
    """One process grows all the time."""
    with pytest.raises(WrongWork, match=r"memory grows.*worker"):
        required(looks(lambda number, look: with_memory(look, "worker", 100.0 + number)))


def test_a_cache_may_grow() -> None:
    """What PostgreSQL keeps of its pages is no leak."""
    required(looks(lambda number, look: with_memory(look, "postgresql", 50.0 + number)))


def test_a_backlog_of_facts_fails() -> None:
    """More and more waits in an outbox."""
    with pytest.raises(WrongWork, match="outbox_facts grows"):
        required(looks(lambda number, look: dataclasses.replace(look, outbox_facts={"ledger": 3 * number})))


def test_a_backlog_of_messages_fails() -> None:
    """A consumer falls behind."""
    with pytest.raises(WrongWork, match="undelivered grows"):
        required(looks(lambda number, look: dataclasses.replace(look, undelivered=5 * number)))


def test_facts_that_wait_fail() -> None:
    """A fact in twenty looks was older than a second."""
    with pytest.raises(WrongWork, match="facts wait"):
        required(
            looks(
                lambda number, look: dataclasses.replace(
                    look, outbox_age_s={"ledger": 0.0 if number % 20 else 1.5}
                )
            )
        )


@pytest.mark.stack
@pytest.mark.timeout(300)
def test_a_short_run_looks_at_everything() -> None:
    """Every process has memory, every job was charged, and messages were on their way."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.path.soak", "--minutes", "0.2", "--callers", "16"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["jobs"] > 0
    assert min(min(pair) for pair in found["memory_mib"].values()) > 1
    assert max(found["undelivered"]) > 0
    assert found["outbox_age_max_s"] > 0


def with_memory(look: soak.Look, process: str, mib: float) -> soak.Look:
    """The look with another figure for one process."""
    return dataclasses.replace(look, memory_mib={**look.memory_mib, process: mib})
