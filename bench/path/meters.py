"""What a stack takes of the processors and asks of its database, process by process."""

import contextlib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import psycopg

from bench.path.stack import BenchStack

# One name a process in every figure.
NAMES = {
    "gateway": "gateway",
    "gateway-webhooks": "webhooks",
    "generation-api": "generation_api",
    "generation-worker": "worker",
    "generation-interactive": "interactive",
    "ledger": "ledger",
    "identity": "identity",
    "billing": "billing",
    "postgres": "postgresql",
    "nats": "nats",
    "seaweedfs": "s3",
    "openai": "stand_in",
}
# What stands in for the world outside is no part of what the product costs.
OUTSIDE = "stand_in"
COUNTS_MAX = 50
# `execute` where a statement is prepared, `statement` where it is not.
_STATEMENT = re.compile(rb"LOG:  (?:statement|execute [^:]*): ")
# Statements that a driver sends around those that were asked for count as well: each is a round trip.
_LOGGING = "ALTER SYSTEM SET log_statement = 'all'"
_QUIET = "ALTER SYSTEM RESET log_statement"


def processor_s(stack: BenchStack) -> dict[str, float]:
    """Return the processor seconds of each process so far, children included, ended ones too."""
    return {
        NAMES[name]: sum(_family_s(process) for process in processes)
        for name, processes in stack.processes().items()
        if name in NAMES
    }


def spent_s(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return what was spent between two looks."""
    return {name: after[name] - before[name] for name in NAMES.values()}


def idle_percent(stack: BenchStack, *, seconds: float) -> dict[str, float]:
    """Return how much of one processor each process takes while nobody asks for anything."""
    began, before = time.perf_counter(), processor_s(stack)
    time.sleep(seconds)
    took = time.perf_counter() - began
    return {name: spent / took * 100 for name, spent in spent_s(before, processor_s(stack)).items()}


def transactions(stack: BenchStack) -> int:
    """Return how many transactions the services' databases have ended so far."""
    query = (
        "SELECT coalesce(sum(xact_commit + xact_rollback), 0) FROM pg_stat_database"
        " WHERE datname LIKE 'tintype_%'"
    )
    with psycopg.connect(stack.admin_dsn(), autocommit=True) as admin:
        row = admin.execute(query).fetchone()
    return int(row[0]) if row else 0


@dataclass
class Counted:
    """How many statements and transactions there were, in how many seconds."""

    statements: int = 0
    transactions: int = 0
    seconds: float = 0.0


@contextmanager
def counting(stack: BenchStack) -> Iterator[Counted]:
    """Count what the services ask PostgreSQL for, by its log: the wheel has no pg_stat_statements.

    A log of every statement takes time of its own: nothing else is measured meanwhile.
    """
    counted = Counted()
    _configure(stack, _LOGGING)
    try:
        start, ended, began = stack.postgres_log.stat().st_size, transactions(stack), time.perf_counter()
        yield counted
        # What a backend did is in the statistics after a second at most.
        time.sleep(1.5)
        counted.seconds = time.perf_counter() - began
        counted.transactions = transactions(stack) - ended
        with stack.postgres_log.open("rb") as log:
            log.seek(start)
            counted.statements = sum(1 for line in log if _STATEMENT.search(line))
    finally:
        _configure(stack, _QUIET)


def _configure(stack: BenchStack, command: str) -> None:
    with psycopg.connect(stack.admin_dsn(), autocommit=True) as admin:
        admin.execute(command)
        admin.execute("SELECT pg_reload_conf()")


def _family_s(process: psutil.Process) -> float:
    for _ in range(COUNTS_MAX):
        # A child that ends meanwhile would be counted twice or not at all: count again.
        with contextlib.suppress(psutil.NoSuchProcess):
            own = process.cpu_times()
            children: Sequence[psutil.Process] = process.children(recursive=True)
            living = sum(sum(child.cpu_times()[:2]) for child in children)
            return float(sum(own[:4]) + living)
    raise RuntimeError("processes come and go too fast to be counted")
