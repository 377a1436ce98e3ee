"""The output: tables for people, and the object that is printed last for programs."""

import os
import platform
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench.path.cases import CALLERS, TOLD_AT, Figures
from bench.path.meters import NAMES, OUTSIDE

ROWS = {
    "jobs_s": "jobs/s",
    "accepted_p50_ms": "accepted, median (ms)",
    "done_p50_ms": "end told, median (ms)",
    "done_p99_ms": "end told, 99th percentile (ms)",
    "charged_p50_ms": "charge told, median (ms)",
    "charged_p99_ms": "charge told, 99th percentile (ms)",
    "straight_jobs_s": "the provider alone (calls/s)",
    "straight_p50_ms": "the provider alone, median (ms)",
    "straight_p99_ms": "the provider alone, 99th percentile (ms)",
}
PRODUCT = tuple(name for name in NAMES.values() if name != OUTSIDE)


def result(
    rounds: Sequence[Mapping[int, Figures]], *, idle: Figures, counted: Figures, about: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the object: medians over the rounds; costs and times of a job at `TOLD_AT` callers."""
    cases = {
        callers: {
            name: round(median(figures[callers][name] for figures in rounds), 2)
            for name in rounds[0][callers]
        }
        for callers in CALLERS
    }
    told = cases[TOLD_AT]
    return {
        **{f"jobs_s_{callers}": cases[callers]["jobs_s"] for callers in CALLERS},
        **{name: told[name] for name in ROWS if name.endswith("_ms")},
        "cpu_ms_a_job": cpu(told),
        **{name: round(value, 1) for name, value in counted.items()},
        "idle_cpu_percent": shared(idle),
        "callers": {str(callers): {**of, "cpu_ms_a_job": cpu(of)} for callers, of in cases.items()},
        **about,
        "machine": machine(),
    }


def machine() -> dict[str, Any]:
    """Return where it ran."""
    return {
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def cpu(figures: Mapping[str, float]) -> dict[str, float]:
    """Return the processor milliseconds of a job in each process, and in all of the product's."""
    return shared({name: figures[f"cpu_{name}"] for name in NAMES.values()})


def shared(by_process: Mapping[str, float]) -> dict[str, float]:
    """Return figures of processes with their sum, which leaves out what stands in for the world outside."""
    rounded = {name: round(value, 2) for name, value in by_process.items()}
    return {**rounded, "all": round(sum(by_process[name] for name in PRODUCT), 2)}


def tables(result: Mapping[str, Any]) -> list[list[list[str]]]:
    """Return what people read, each with its head: times by callers, and processes by callers and at rest."""
    head = ["", *(f"{callers} caller{'s' * (callers > 1)}" for callers in CALLERS)]
    cases = [result["callers"][str(callers)] for callers in CALLERS]
    times = [[label, *(shown(figures[name]) for figures in cases)] for name, label in ROWS.items()]
    costs = [
        [
            name.replace("_", " "),
            *(shown(figures["cpu_ms_a_job"][name]) for figures in cases),
            f"{result['idle_cpu_percent'][name]:.1f} %",
        ]
        for name in (*NAMES.values(), "all")
    ]
    return [[head, *times], [["processor time of a job (ms)", *head[1:], "at rest"], *costs]]


def text(result: Mapping[str, Any]) -> str:
    """Return the tables for a terminal."""
    of_a_job = (
        f"of a job: {result['statements_a_job']} statements, {result['transactions_a_job']} transactions"
    )
    return "\n".join([plain(tables(result)), "", of_a_job])


def plain(tables: Sequence[Sequence[Sequence[str]]]) -> str:
    """Return tables for a terminal."""
    lines: list[str] = []
    for table in tables:
        width = max(len(row[0]) for row in table)
        lines += ["", *(f"{row[0]:<{width}}" + "".join(f"{cell:>14}" for cell in row[1:]) for row in table)]
    return "\n".join(lines)


def shown(value: float) -> str:
    """Return a figure as people read it."""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"
