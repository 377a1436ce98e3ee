"""`python -m bench.path.soak`: ten minutes of jobs, and whether memory or any backlog grows meanwhile."""

import argparse
import asyncio
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil
import psycopg

from bench.ledger.servers import temporary_folder
from bench.page import table, write_part
from bench.path.cases import WrongWork, require_right, run_client
from bench.path.client import Reached, Spec
from bench.path.meters import NAMES
from bench.path.people import sign_up
from bench.path.report import machine
from bench.path.stack import BenchStack, bench_stack

MIB = 1024 * 1024
OUTBOXES = ("ledger", "generation", "billing", "identity")
LOOK_EVERY_S = 2.0
# What a process fills at first: pools, caches, its allocator's arenas.
FILLS_FOR = 0.3
# A leak of 1 KiB a job is 30 MiB in ten minutes at 50 jobs a second.
GROWTH_MAX_MIB = 16.0
# These cache on purpose: PostgreSQL its pages, NATS and the store what they have just written.
CACHES = frozenset({"postgresql", "nats", "s3", "stand_in"})
OUTBOX_AGE_MAX_S = 1.0

_WAITS = "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float FROM outbox"

_PART = """# Measured: {callers} callers without a pause

Written by `make bench-soak ARGS=--write-docs`: what grows while {callers} callers make one job after the
other. Medians of the first and of the last third of the time that follows the first {fills_for}, in which
caches and pools fill.

{rows}

{minutes} minutes, {jobs} jobs, {jobs_s} a second, each charged once; ends told after {done_p50_ms} ms
(median) and {done_p99_ms} ms (99th percentile). The oldest fact in any outbox was at most {age_p99_s} s old
in 99 of 100 looks, {age_max_s} s in all of them.
"""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen at one moment: memory by process, and what waits where."""

    at_s: float
    memory_mib: dict[str, float]
    outbox_age_s: dict[str, float]
    outbox_facts: dict[str, int]
    undelivered: int


@dataclass
class Watch:
    """Looks again and again until told to stop."""

    stack: BenchStack
    looks: list[Look] = field(default_factory=list)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look while the block runs. A look that fails, fails the run."""
        over, failures = threading.Event(), list[BaseException]()

        def look() -> None:
            try:
                while not over.wait(LOOK_EVERY_S):
                    self.looks.append(self._look())
            except BaseException as failure:  # noqa: BLE001 - told where the block ends
                failures.append(failure)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if failures:
            raise failures[0]

    def _look(self) -> Look:
        waits = {service: self._waits(service) for service in OUTBOXES}
        return Look(
            at_s=time.monotonic(),
            memory_mib={
                NAMES[name]: sum(_memory_mib(process) for process in processes)
                for name, processes in self.stack.processes().items()
                if name in NAMES
            },
            outbox_age_s={service: age_s for service, (_, age_s) in waits.items()},
            outbox_facts={service: facts for service, (facts, _) in waits.items()},
            undelivered=self._undelivered(),
        )

    def _waits(self, service: str) -> tuple[int, float]:
        with psycopg.connect(self.stack.admin_dsn(f"tintype_{service}"), autocommit=True) as database:
            facts, age_s = database.execute(_WAITS).fetchone() or (0, 0.0)
        return facts, age_s

    def _undelivered(self) -> int:
        """Return how many messages no durable consumer has been given or has acknowledged yet."""
        url = f"http://127.0.0.1:{self.stack.plan.ports['nats_monitor']}/jsz"
        told = httpx.get(url, params={"consumers": "true"}, timeout=10).raise_for_status().json()
        streams = [stream for account in told["account_details"] for stream in account["stream_detail"]]
        consumers = [consumer for stream in streams for consumer in stream.get("consumer_detail") or ()]
        return sum(each["num_pending"] + each["num_ack_pending"] for each in consumers)


def figures(looks: Sequence[Look], reached: Reached) -> dict[str, Any]:
    """Return the first and the last third of what was seen once everything was filled, medians of each."""
    began, ended = looks[0].at_s, looks[-1].at_s
    filled = [look for look in looks if look.at_s >= began + FILLS_FOR * (ended - began)]
    third = max(1, len(filled) // 3)
    first, last = filled[:third], filled[-third:]

    def medians(value: Callable[[Look], float]) -> tuple[float, float]:
        return statistics.median(map(value, first)), statistics.median(map(value, last))

    ages = [max(look.outbox_age_s.values()) for look in looks]
    return {
        "soak_s": ended - began,
        "jobs": reached.jobs,
        "jobs_s": reached.jobs_s,
        "done_p50_ms": reached.p50_ms[1],
        "done_p99_ms": reached.p99_ms[1],
        "memory_mib": {name: medians(_memory_of(name)) for name in looks[0].memory_mib},
        "outbox_facts": medians(lambda look: float(sum(look.outbox_facts.values()))),
        "undelivered": medians(lambda look: float(look.undelivered)),
        "outbox_age_p99_s": statistics.quantiles([*ages, *ages], n=100, method="inclusive")[98],
        "outbox_age_max_s": max(ages),
        "machine": machine(),
    }


def require_steady(found: dict[str, Any], *, callers: int) -> None:
    """Raise WrongWork where a process or a backlog grows, or facts stay in an outbox."""
    grown = {
        name: (first, last)
        for name, (first, last) in found["memory_mib"].items()
        if name not in CACHES and last > first + GROWTH_MAX_MIB
    }
    if grown:
        raise WrongWork(f"memory grows (MiB at first, at last): {grown}")
    for backlog in ("outbox_facts", "undelivered"):
        first, last = found[backlog]
        # As many as there are callers may always be on their way.
        if last > first + callers:
            raise WrongWork(f"{backlog} grows from {first:g} to {last:g}")
    if found["outbox_age_p99_s"] > OUTBOX_AGE_MAX_S:
        raise WrongWork(f"facts wait {found['outbox_age_p99_s']:.2f} s in an outbox")


def page(found: dict[str, Any], *, callers: int) -> str:
    """Return the part of docs/benchmarks.md."""
    rows = [
        [f"{name.replace('_', ' ')} (MiB)", f"{first:.0f}", f"{last:.0f}"]
        for name, (first, last) in found["memory_mib"].items()
    ]
    rows += [
        ["facts in all outboxes", *(f"{count:.0f}" for count in found["outbox_facts"])],
        ["messages not yet delivered or acknowledged", *(f"{count:.0f}" for count in found["undelivered"])],
    ]
    return _PART.format(
        callers=callers,
        fills_for=f"{FILLS_FOR:.0%}",
        rows=table(["", "first third", "last third"], rows),
        minutes=f"{found['soak_s'] / 60:.0f}",
        jobs=f"{found['jobs']:,}",
        jobs_s=f"{found['jobs_s']:.1f}",
        done_p50_ms=f"{found['done_p50_ms']:,.0f}",
        done_p99_ms=f"{found['done_p99_ms']:,.0f}",
        age_p99_s=f"{found['outbox_age_p99_s']:.2f}",
        age_max_s=f"{found['outbox_age_max_s']:.2f}",
    )


def main(arguments: Sequence[str]) -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.path.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--write-docs", action="store_true", help="write its part of docs/benchmarks.md")
    options = parser.parse_args(arguments)
    with temporary_folder() as folder, bench_stack(folder, workers=1, slots=32) as stack:
        spec = Spec(
            url=stack.running.url("gateway"),
            tokens=asyncio.run(sign_up(stack)),
            callers=options.callers,
            warm_up_s=2.0,
            seconds=options.minutes * 60,
        )
        watch = Watch(stack)
        with watch.watching():
            reached = run_client(spec)
        require_right(stack)
    found = figures(watch.looks, reached)
    print(page(found, callers=options.callers))
    print(json.dumps(found))
    require_steady(found, callers=options.callers)
    if options.write_docs:
        write_part(page(found, callers=options.callers))
    return 0


def _memory_of(name: str) -> Callable[[Look], float]:
    return lambda look: look.memory_mib[name]


def _memory_mib(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    total = 0
    for member in family:
        try:
            # What it has for itself: PostgreSQL's processes share their cache.
            total += member.memory_full_info().uss
        except psutil.NoSuchProcess:
            continue
    return total / MIB


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
