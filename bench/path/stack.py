"""A whole stack of the benchmark's own: free ports, a data folder of its own, further workers."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from embedded.component import stop, tied_to_parent
from embedded.ports import LOOPBACK, free_ports, port_in_use
from embedded.topology import topology
from tintype_local import state
from tintype_local.overrides import NONE
from tintype_local.ports import OFFSETS, Ports
from tintype_local.processes import Plan, answers_ok
from tintype_local.secrets_file import SERVICES, load_or_make
from tintype_local.settings import StackSettings
from tintype_local.state import StackState

START_TIMEOUT_S, STOP_TIMEOUT_S = 180.0, 40.0
WORKER = "generation-worker"
CREDITS = 100_000_000
# The walls against people in a hurry are not what is measured; logs of every call are no part of the product.
SETTINGS = {
    "TINTYPE_WELCOME_CREDITS": str(CREDITS),
    "TINTYPE_LOG_LEVEL": "WARNING",
    "GATEWAY_GENERATIONS_LIMIT": "1000000/minute",
    "GATEWAY_READS_LIMIT": "1000000/minute",
    "GATEWAY_CHANGES_LIMIT": "1000000/minute",
    # All callers come from one address.
    "GATEWAY_CONNECTIONS_PER_CLIENT_MAX": "1000",
    "GENERATION_INTERACTIVE_STREAMS_MAX": "1000",
    "GENERATION_INTERACTIVE_STREAMS_PER_ACCOUNT_MAX": "1000",
}


@dataclass(frozen=True)
class BenchStack:
    """A running stack, and whatever was started beside it."""

    running: StackState
    plan: Plan
    workers: tuple[int, ...]

    def processes(self) -> dict[str, list[psutil.Process]]:
        """Return what runs by name; all workers are one name. Stand-ins of money and mail are left out."""
        others = {"stripe", "mailbox"}
        found = {name: [psutil.Process(pid)] for name, pid in self.running.pids.items() if name not in others}
        found[WORKER] += [psutil.Process(pid) for pid in self.workers]
        return found

    def admin_dsn(self, database: str = "postgres") -> str:
        """Return the superuser's connection to the stack's PostgreSQL."""
        return self.plan.postgres.admin_dsn(database)

    @property
    def postgres_log(self) -> Path:
        """Where PostgreSQL writes what it is told to log."""
        return self.plan.data / "logs" / "postgres.log"


@contextmanager
def bench_stack(folder: Path, *, workers: int, slots: int) -> Iterator[BenchStack]:
    """Start the stack as `make up` does, with so many workers of so many slots; stop all of it."""
    with ExitStack() as opened:
        settings = SETTINGS | {"TINTYPE_WORKER_CONCURRENCY": str(slots)}
        running = opened.enter_context(_launched(folder, settings))
        plan = Plan(
            settings=StackSettings(worker_concurrency=slots, log_level=settings["TINTYPE_LOG_LEVEL"]),
            ports=Ports(running.ports),
            secrets=load_or_make(running.data_folder / "secrets.json"),
            data=running.data_folder,
            overrides=NONE,
        )
        further = [opened.enter_context(_worker(plan, folder, number)) for number in range(1, workers)]
        yield BenchStack(running, plan, tuple(further))


@contextmanager
def _launched(folder: Path, settings: dict[str, str]) -> Iterator[StackState]:
    log = folder / "up.log"
    own = ("TINTYPE_", *(f"{service.upper()}_" for service in SERVICES))
    environment = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    environment |= {
        "TINTYPE_DATA_FOLDER": str(folder / "data"),
        "TINTYPE_BASE_PORT": str(_free_base()),
        **settings,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own module
            tied_to_parent([sys.executable, "-m", "tintype_local", "up"], death_signal=signal.SIGINT),
            env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield _await_started(process, folder / "data", log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT_S)


@contextmanager
def _worker(plan: Plan, folder: Path, number: int) -> Iterator[int]:
    """Run one more worker, with the settings of the stack's own."""
    about = next(process for process in topology().processes if process.name == WORKER)
    (port,) = free_ports(1)
    environment = plan.environment("generation", process=about)
    environment |= {"GENERATION_HTTP_LISTEN": f"{LOOPBACK}:{port}"}
    environment.pop("GENERATION_MIGRATION_DATABASE_URL")
    command = [sys.executable, "-m", about.service, about.command]
    with (folder / f"worker-{number}.log").open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own module
            tied_to_parent(command, death_signal=signal.SIGTERM),
            env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not answers_ok(f"http://{LOOPBACK}:{port}/readyz"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"worker {number} did not start")
            time.sleep(0.1)
        yield process.pid
    finally:
        stop(process, signal.SIGTERM)


def _free_base() -> int:
    """Return the first of a hundred ports of which every one that a stack takes is free."""
    # Below the range that the system hands out by itself, so that nobody takes one meanwhile.
    while True:
        base = random.randrange(12_000, 31_000, 100)
        if not any(port_in_use(base + offset) for offset in OFFSETS.values()):
            return base


def _await_started(process: subprocess.Popen[bytes], data: Path, log: Path) -> StackState:
    deadline = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        running = state.read(data)
        if running is not None and running.ready:
            return running
        time.sleep(0.2)
    raise RuntimeError(f"the stack did not start:\n{log.read_text()[-3000:]}")
