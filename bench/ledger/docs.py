"""The page's part and the picture of the figures: written by the benchmark, never by hand."""

from collections.abc import Mapping
from typing import Any

from bench.ledger.phases import LARGE
from bench.ledger.picture import picture
from bench.ledger.report import COSTS, LABELS, TITLES, by_phase, shown
from bench.page import DOCS, table, write_part

_PAGE = """# Measured: the ledger

Written by `make bench-ledger ARGS=--write-docs`, together with the picture. What is measured, and how the two
sides are kept comparable, is in [bench/README.md](../bench/README.md).

![Commands a second in each situation](images/ledger-bench.svg)

{figures}

Medians of {rounds} rounds of {seconds} s, all cases of a round one after the other, on {system} with {cpus}
processors that PostgreSQL, the server and its caller share; Python {python}. A command is one reserve or one
charge, on both sides. The figures are those of this machine at that time; the ratios travel better.

## What bounds it

Processor time of one command in microseconds, with 10,000 entries. One server is one Python process, so it
ends at one processor: 1,000,000 divided by its column. On a machine with more processors PostgreSQL and the
callers have their own, and further servers may run on the same database.

{costs}
{growth}"""


def write(result: Mapping[str, Any]) -> None:
    """Write its part of docs/benchmarks.md and docs/images/ledger-bench.svg."""
    drawn = {TITLES[phase]: figures for phase, figures in by_phase(result).items()}
    (DOCS / "images" / "ledger-bench.svg").write_text(picture(drawn))
    write_part(page(result))


def page(result: Mapping[str, Any]) -> str:
    """Return the part."""
    phases = by_phase(result)
    figures = [
        [label.strip(), *(shown(name, found) for found in phases.values())] for name, label in LABELS.items()
    ]
    costs = [
        [label, *(shown(f"{case}_{part}", result) for part in ("server_us", "postgres_us", "caller_us"))]
        for case, label in COSTS.items()
        if f"{case}_postgres_us" in result
    ]
    machine = result["machine"]
    return _PAGE.format(
        figures=table(["", *(TITLES[phase] for phase in phases)], figures),
        costs=table(["", "server", "PostgreSQL", "caller"], costs),
        growth=_growth(phases[LARGE]) if LARGE in phases else "",
        rounds=result["rounds"],
        seconds=result["seconds"],
        system=machine["system"],
        cpus=machine["cpus"],
        python=machine["python"],
    )


def _growth(large: Mapping[str, float]) -> str:
    spread, hot = f"{large['kept_spread']:.0%}", f"{large['kept_hot']:.0%}"
    return (
        f"\nWith 5,000,000 entries batches keep {spread} of their pace over 10,000 accounts, {hot} on one.\n"
    )
