"""From single runs to medians and ratios, under the names that the output keeps for ever."""

from collections.abc import Iterable, Mapping
from statistics import median

from bench.ledger.cases import Figures

# Every figure of the output, in its order: operations are commands, reserve and charge alike.
NAMES = (
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
)
RATIOS = {
    "ratio_spread": ("batch_spread_ops_s", "pgbench_spread_ops_s"),
    "ratio_hot": ("batch_hot_ops_s", "pgbench_hot_ops_s"),
    "ratio_unary": ("unary_ops_s", "noop_unary_ops_s"),
}


def medians(rounds: Iterable[Figures]) -> dict[str, float]:
    """Return the median of each figure over the rounds, and the ratios of the medians."""
    runs = list(rounds)
    figures = {
        name: round(median(one[name] for one in runs if name in one), 2 if name.endswith("_ms") else 0)
        for name in NAMES
        if any(name in one for one in runs)
    }
    figures |= {
        ratio: round(figures[ours] / figures[theirs], 2)
        for ratio, (ours, theirs) in RATIOS.items()
        if figures.get(theirs) and ours in figures
    }
    return figures


def spread(rounds: Iterable[Figures], name: str) -> tuple[float, float]:
    """Return the smallest and the largest of one figure over the rounds."""
    values = [one[name] for one in rounds if name in one]
    return min(values), max(values)


def slowdown(before: Mapping[str, float], after: Mapping[str, float], name: str) -> float:
    """Return by which part a figure fell."""
    return 1 - after[name] / before[name]
