"""The ledger's benchmark runs, measures right work, and keeps the names of its figures."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.ledger.servers import slow_fsync

ROOT = Path(__file__).resolve().parents[2]

FIGURES = (
    "pgbench_spread_ops_s",
    "pgbench_hot_ops_s",
    "batch_spread_ops_s",
    "batch_hot_ops_s",
    "coalesced_ops_s",
    "unary_ops_s",
    "noop_unary_ops_s",
    "unary_p50_ms",
    "unary_p99_ms",
    "relay_events_s",
    "ratio_spread",
    "ratio_hot",
    "ratio_unary",
)


def bench(*arguments: str) -> str:
    """Run the benchmark and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.ledger", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def test_a_quick_run_measures_everything() -> None:
    """Each figure is there, above zero, in the object that is printed last; no wrong work counted."""
    result = json.loads(bench("--quick").splitlines()[-1])
    found = {name: result.get(name, 0) for name in FIGURES}
    assert all(value > 0 for value in found.values()), found
    assert result["unary_p50_ms"] <= result["unary_p99_ms"]


def test_the_added_delay_slows_fsync(tmp_path: Path) -> None:
    """A program that syncs takes as much longer as was asked for."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    environment = slow_fsync(tmp_path, added_us=50_000)
    assert environment is not None
    began = time.monotonic()
    program = (
        f"import os; f = open({str(tmp_path / 'file')!r}, 'w'); [os.fsync(f.fileno()) for _ in range(4)]"
    )
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **environment}, check=True)
    assert time.monotonic() - began >= 0.2
