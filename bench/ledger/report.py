"""The output: a table for people, and the object that is printed last for programs."""

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from bench.ledger.cases import Figures
from bench.ledger.figures import COST_PARTS, medians
from bench.ledger.phases import LARGE, SLOW_DISK, SMALL

TITLES = {
    SMALL: "10,000 entries",
    LARGE: "5,000,000 entries",
    SLOW_DISK: "1 ms added to fsync",
}

LABELS = {
    "pgbench_spread_ops_s": "pgbench, 10,000 accounts (commands/s)",
    "batch_spread_ops_s": "ApplyBatch, 10,000 accounts (commands/s)",
    "ratio_spread": "  times pgbench",
    "pgbench_hot_ops_s": "pgbench, one account (commands/s)",
    "batch_hot_ops_s": "ApplyBatch, one account (commands/s)",
    "ratio_hot": "  times pgbench",
    "coalesced_ops_s": "coalescing client, 1000 callers (commands/s)",
    "unary_ops_s": "unary calls, 32 callers (commands/s)",
    "noop_unary_ops_s": "unary calls that do nothing, 32 callers (calls/s)",
    "ratio_unary": "  of a call that does nothing",
    "unary_p50_ms": "unary, median (ms)",
    "unary_p99_ms": "unary, 99th percentile (ms)",
    "relay_events_s": "relay to JetStream (events/s)",
    "publish_events_s": "single events, NATS' own client (events/s)",
    "ratio_relay": "  times single events",
}

COSTS = {
    "pgbench_spread": "pgbench, 10,000 accounts",
    "batch_spread": "ApplyBatch, 10,000 accounts",
    "pgbench_hot": "pgbench, one account",
    "batch_hot": "ApplyBatch, one account",
    "coalesced": "coalescing client, 1000 callers",
    "unary": "unary calls",
    "noop_unary": "unary calls that do nothing",
}


def result(phases: Mapping[str, Sequence[Figures]], *, rounds: int, seconds: int) -> dict[str, Any]:
    """Return the object: the figures with 10,000 entries, and those of the other phases inside."""
    found = {phase: medians(runs) for phase, runs in phases.items()}
    if LARGE in found:
        found[LARGE] |= {
            f"kept_{name}": round(
                found[LARGE][f"batch_{name}_ops_s"] / found[SMALL][f"batch_{name}_ops_s"], 2
            )
            for name in ("spread", "hot")
        }
    return {
        **found[SMALL],
        **{phase: figures for phase, figures in found.items() if phase != SMALL},
        "rounds": rounds,
        "seconds": seconds,
        "machine": {
            "cpus": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
        },
    }


def by_phase(result: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """Return the figures of each phase that was run."""
    return {
        phase: result if phase == SMALL else result[phase] for phase in TITLES if phase in (SMALL, *result)
    }


def table(result: Mapping[str, Any]) -> str:
    """Return the medians as a table."""
    phases = by_phase(result)
    width = max(len(label) for label in LABELS.values())
    head = " " * width + "".join(f"{TITLES[phase]:>22}" for phase in phases)
    lines = [
        f"{label:<{width}}" + "".join(f"{shown(name, figures):>22}" for figures in phases.values())
        for name, label in LABELS.items()
    ]
    return "\n".join(["", head, *lines, "", *costs(result), ""])


def costs(figures: Mapping[str, float]) -> list[str]:
    """Return what one command takes of the processors, in each process."""
    lines = [f"{'processor time of a command (us)':<36}{'server':>10}{'PostgreSQL':>12}{'caller':>10}"]
    for case, label in COSTS.items():
        server, postgres, caller = (shown(f"{case}_{part}", figures) for part in COST_PARTS)
        lines.append(f"{label:<36}{server:>10}{postgres:>12}{caller:>10}")
    return lines


def shown(name: str, figures: Mapping[str, float]) -> str:
    """Return one figure for people."""
    if name not in figures:
        return "-"
    digits = 0 if name.endswith(("_ops_s", "_events_s", "_us")) else 2
    return f"{figures[name]:,.{digits}f}"
