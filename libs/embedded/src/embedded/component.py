"""What every embedded server has in common, and how one is run and stopped."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

READY_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0


class Component(Protocol):
    """A server that can be prepared, run in the foreground by any supervisor, probed and stopped."""

    @property
    def name(self) -> str:
        """A short name, for log files and messages."""

    @property
    def stop_signal(self) -> signal.Signals:
        """The signal that stops it quickly and cleanly."""

    def prepare(self) -> None:
        """Create data folders and write configuration. Idempotent; never touches existing data."""

    def command(self) -> list[str]:
        """Return the command that runs it in the foreground."""

    def ready(self) -> bool:
        """Whether it answers, by asking it once."""


class NotReadyError(RuntimeError):
    """A server ended, or did not answer in time. Carries the end of its output."""


def tied_to_parent(command: Sequence[str], *, death_signal: signal.Signals = signal.SIGKILL) -> list[str]:
    """Prefix a command so that the kernel ends it when its parent dies, where the system can (Linux)."""
    if sys.platform == "linux" and (setpriv := shutil.which("setpriv")):
        return [setpriv, "--pdeathsig", death_signal.name.removeprefix("SIG"), "--", *command]
    return list(command)


def script(name: str) -> str:
    """Return the path of a program that a wheel installed beside this interpreter."""
    beside = Path(sys.executable).parent / name
    if beside.exists():
        return str(beside)
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed beside {sys.executable}: run the set-up again")
    return found


C = TypeVar("C", bound=Component)


@contextlib.contextmanager
def running(component: C, *, log: Path, environment: Mapping[str, str] | None = None) -> Iterator[C]:
    """Prepare and run a component; stop it on leaving and leave no process behind."""
    component.prepare()
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - the component's own command
            tied_to_parent(component.command(), death_signal=component.stop_signal),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    try:
        _await_ready(component, process, log)
        yield component
    finally:
        stop(process, component.stop_signal)


def _await_ready(component: Component, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not component.ready():
        if process.poll() is not None:
            raise NotReadyError(f"{component.name} ended with {process.returncode}:\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise NotReadyError(f"{component.name} not ready after {READY_TIMEOUT_S} s:\n{_tail(log)}")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Stop a process that was started in its own session, by force after a while."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(how)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_TIMEOUT_S)


def _tail(log: Path, size_bytes: int = 2_000) -> str:
    return log.read_bytes()[-size_bytes:].decode(errors="replace") if log.exists() else ""
