"""Runs processes: readiness awaited, output in files, one crash restarts that process, all end together."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from embedded.component import tied_to_parent

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 12.0
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
# A process that lived this long has recovered: its next crash starts the backoff anew.
STABLE_S = 30.0
LOG_MAX_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """One process: how to run it, when it is ready, how to stop it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = STOP_TIMEOUT_S


class StartFailedError(RuntimeError):
    """A process did not become ready; carries the end of its log."""


@dataclass
class Supervised:
    """One process that is kept running until it is told to stop."""

    spec: ProcessSpec
    log: Path
    on_change: Callable[[], None]
    on_crash: Callable[[str, int], None]
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    _stopping: bool = False
    _watch: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        """The pid while it runs."""
        return self.process.pid if self.process and self.process.returncode is None else None

    async def start(self) -> None:
        """Start it and keep it running."""
        await self._spawn()
        self._watch = asyncio.create_task(self._keep_running())

    async def await_ready(self) -> None:
        """Return once it answers. Raises StartFailedError when it crashes first or takes too long."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not await asyncio.to_thread(self.spec.ready):
            if self.restarts > 0:
                raise StartFailedError(f"{self.spec.name} crashed at its start:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise StartFailedError(
                    f"{self.spec.name} was not ready after {READY_TIMEOUT_S:.0f} s:\n{tail(self.log)}"
                )
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Stop it and wait; by force after a while."""
        self._stopping = True
        process = self.process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(self.spec.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), self.spec.stop_timeout_s)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if self._watch is not None:
            self._watch.cancel()

    async def _spawn(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_MAX_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *tied_to_parent(self.spec.command, death_signal=self.spec.stop_signal),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(self.spec.environment),
                # Ctrl-C is for the supervisor alone: it stops the others in order.
                start_new_session=True,
            )
        self.on_change()

    async def _keep_running(self) -> None:
        in_a_row = 0
        while True:
            assert self.process is not None  # noqa: S101 - started before it is watched
            started = time.monotonic()
            code = await self.process.wait()
            if self._stopping:
                return
            in_a_row = 0 if time.monotonic() - started > STABLE_S else in_a_row + 1
            self.restarts += 1
            self.on_crash(self.spec.name, code)
            await asyncio.sleep(BACKOFF_S[min(max(in_a_row - 1, 0), len(BACKOFF_S) - 1)])
            if self._stopping:
                return
            await self._spawn()


def tail(log: Path, size_bytes: int = 2_000) -> str:
    """Return the end of a log."""
    return log.read_bytes()[-size_bytes:].decode(errors="replace") if log.exists() else ""
