"""From single runs to medians and ratios, under the names that the output keeps for ever."""

from collections.abc import Iterable
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
    "publish_events_s",
)
# Where the processor time of one command goes: it bounds all of them on one machine.
COST_CASES = (
    "pgbench_spread",
    "pgbench_hot",
    "batch_spread",
    "batch_hot",
    "coalesced",
    "unary",
    "noop_unary",
)
COST_PARTS = ("server_us", "postgres_us", "caller_us")
RATIOS = {
    "ratio_spread": ("batch_spread_ops_s", "pgbench_spread_ops_s"),
    "ratio_hot": ("batch_hot_ops_s", "pgbench_hot_ops_s"),
    "ratio_unary": ("unary_ops_s", "noop_unary_ops_s"),
    "ratio_relay": ("relay_events_s", "publish_events_s"),
}


def medians(rounds: Iterable[Figures]) -> dict[str, float]:
    """Return the median of each figure over the rounds, and the ratios of the medians."""
    runs = list(rounds)
    costs = [f"{case}_{part}" for case in COST_CASES for part in COST_PARTS]
    figures = {
        name: round(median(one[name] for one in runs if name in one), _digits(name))
        for name in (*NAMES, *costs)
        if any(name in one for one in runs)
    }
    figures |= {
        ratio: round(figures[ours] / figures[theirs], 2)
        for ratio, (ours, theirs) in RATIOS.items()
        if figures.get(theirs) and ours in figures
    }
    return figures


def _digits(name: str) -> int:
    return 2 if name.endswith("_ms") else 0
