"""The page and the picture of the figures, written by the benchmark and never by hand."""

from collections.abc import Mapping
from typing import Any


def write(result: Mapping[str, Any]) -> None:
    """Write docs/benchmarks.md and docs/images/ledger-bench.svg."""
