"""The three situations that everything is measured in, each in several rounds side by side."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from embedded.component import running
from embedded.testing import ServiceDatabase

from bench.ledger import servers
from bench.ledger.cases import Bench, Figures
from bench.ledger.databases import Template, template

SMALL = "entries_10000"
LARGE = "entries_5000000"
SLOW_DISK = "fsync_plus_1ms"

# For 10,000 accounts that is one grant each, and 5,000,000 entries of reserving and charging.
LARGE_PAIRS = 250
ADDED_TO_FSYNC_US = 1_000

Databases = Callable[[], AbstractContextManager[ServiceDatabase]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much to run."""

    rounds: int
    seconds: int
    warm_up_s: int
    small_only: bool = False
    profile: Path | None = None


def run(plan: Plan, folder: Path) -> dict[str, list[Figures]]:
    """Run every phase; each gives the figures of its rounds."""
    server = servers.postgres(folder)
    phases: dict[str, list[Figures]] = {}
    with servers.nats(folder) as broker:
        bench = Bench(
            seconds=plan.seconds,
            warm_up_s=plan.warm_up_s,
            folder=folder,
            postgres=server,
            nats=broker,
            profile=plan.profile,
        )
        with running(server, log=folder / "postgres.log"):
            small = template(server.admin_dsn(), name="ledger_small", pairs_per_account=0)
            phases[SMALL] = _rounds(SMALL, bench, small.copy, plan.rounds)
            if not plan.small_only:
                phases[LARGE] = _rounds(LARGE, bench, _large(server).itself, plan.rounds)
        if not plan.small_only and (environment := _slow_disk(folder)) is not None:
            with running(server, log=folder / "postgres.log", environment=environment):
                phases[SLOW_DISK] = _rounds(SLOW_DISK, bench, small.copy, plan.rounds)
    return phases


def _slow_disk(folder: Path) -> dict[str, str] | None:
    environment = servers.slow_fsync(folder, added_us=ADDED_TO_FSYNC_US)
    if environment is None:
        print(f"{SLOW_DISK}: left out, there is no C compiler to build the delay with", flush=True)
    return environment


def _large(server: servers.TunedPostgres) -> Template:
    began = time.monotonic()
    large = template(server.admin_dsn(), name="ledger_large", pairs_per_account=LARGE_PAIRS)
    print(f"{LARGE}: filled in {time.monotonic() - began:.0f} s", flush=True)
    return large


def _rounds(phase: str, bench: Bench, databases: Databases, rounds: int) -> list[Figures]:
    """Run all cases one after the other, several times: what else the machine does hits all alike."""
    done: list[Figures] = []
    for number in range(1, rounds + 1):
        figures: dict[str, float] = {}
        for name, case in bench.cases().items():
            with databases() as database:
                found = case(database)
            figures |= found
            shown = ", ".join(f"{key} {value:,.1f}" for key, value in found.items())
            print(f"{phase}, round {number}, {name}: {shown}", flush=True)
        done.append(figures)
    return done
