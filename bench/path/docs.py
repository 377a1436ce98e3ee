"""The page's part about a generation's path: written by the benchmark, never by hand."""

from collections.abc import Mapping
from typing import Any

from bench.page import table, write_part
from bench.path.report import tables

_PART = """# Measured: a generation's path

Written by `make bench-path ARGS=--write-docs`: the whole embedded stack, with a provider that answers at
once. What is measured is in [bench/README.md](../bench/README.md).

{times}

Processor time of a job in milliseconds, and what each process takes of one processor while nobody asks for
anything:

{costs}

A job is {statements_a_job} statements in {transactions_a_job} transactions. Medians of {rounds} rounds of
{seconds} s for each number of callers, on {system} with {cpus} processors that everything shares, the callers
too; Python {python}; workers: {workers}, of {slots} slots each; jobs stored before: {stored}. Processor
milliseconds travel better than jobs a second.
"""


def write(result: Mapping[str, Any]) -> None:
    """Write the part."""
    times, costs = (table(rows[0], rows[1:]) for rows in tables(result))
    write_part(_PART.format(times=times, costs=costs, **{**result, **result["machine"]}))
