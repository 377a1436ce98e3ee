"""The server and the client as processes of their own, and how much processor time each of them took."""

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from embedded.component import stop
from embedded.ports import LOOPBACK

from bench.ledger.client import Spec
from bench.ledger.load import Load

ROOT = Path(__file__).resolve().parents[2]
CLIENT_TIMEOUT_S = 120.0
COUNTS_MAX = 50


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server."""

    target: str
    process: psutil.Process

    def cpu_s(self) -> float:
        """Processor seconds that it took so far."""
        return _cpu_s(self.process)


@contextmanager
def server(database_url: str, folder: Path, profile: Path | None = None) -> Iterator[Server]:
    """Start the server; stop it as in production, by SIGTERM."""
    command = [sys.executable, "-m", "bench.ledger.server", database_url]
    if profile is not None:
        command += ["--profile", str(profile)]
    log = folder / "server.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own module
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
    try:
        line = process.stdout.readline().decode() if process.stdout else ""
        if not line.strip().isdigit():
            raise RuntimeError(f"the server did not start:\n{log.read_text()[-3000:]}")
        yield Server(target=f"{LOOPBACK}:{line.strip()}", process=psutil.Process(process.pid))
    finally:
        stop(process, signal.SIGTERM)


def client(spec: Spec) -> Load:
    """Run one load to its end."""
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "bench.ledger.client", spec.as_json()],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=CLIENT_TIMEOUT_S,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"the client failed:\n{done.stderr[-3000:]}")
    return Load(**json.loads(done.stdout.splitlines()[-1]))


def postgres_cpu_s(data_folder: Path) -> float:
    """Processor seconds of the PostgreSQL on this folder, backends that ended and that live included."""
    postmaster = psutil.Process(int((data_folder / "postmaster.pid").read_text().split()[0]))
    for _ in range(COUNTS_MAX):
        # A backend that ends meanwhile would be counted twice or not at all: count again.
        with contextlib.suppress(psutil.NoSuchProcess):
            ended = postmaster.cpu_times()
            living = [postmaster, *postmaster.children(recursive=True)]
            return float(ended.children_user + ended.children_system) + sum(map(_cpu_s, living))
    raise RuntimeError("PostgreSQL's processes come and go too fast to be counted")


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
