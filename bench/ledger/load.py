"""Callers that never rest: how many commands a second they get done, and how long each call takes."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field

# One step of a caller: its number in, the commands that were acknowledged out.
Step = Callable[[int], Awaitable[int]]


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one load reached. `commands` counts the warm-up too: all of them are in the database."""

    commands_s: float
    commands: int
    p50_ms: float
    p99_ms: float
    # Processor time of the caller itself, for each command.
    caller_us: float

    def as_json(self) -> dict[str, float]:
        """Return it for another process."""
        return asdict(self)


@dataclass
class _Meter:
    begins: float
    ends: float
    commands: int = 0
    measured: int = 0
    calls_ms: list[float] = field(default_factory=list)

    def record(self, commands: int, started: float) -> None:
        now = time.perf_counter()
        self.commands += commands
        if self.begins <= now < self.ends:
            self.measured += commands
            if started >= self.begins:
                self.calls_ms.append((now - started) * 1000)


async def drive(step: Step, *, callers: int, warm_up_s: float, seconds: float) -> Load:
    """Let each caller take one step after the other; count those that end in the measured time.

    Every step that was begun is finished, so that acknowledged and written commands can be compared.
    """
    begins, busy = time.perf_counter() + warm_up_s, time.process_time()
    meter = _Meter(begins=begins, ends=begins + seconds)

    async def caller(number: int) -> None:
        while (started := time.perf_counter()) < meter.ends:
            meter.record(await step(number), started)

    async with asyncio.TaskGroup() as tasks:
        for number in range(callers):
            tasks.create_task(caller(number))
    if len(meter.calls_ms) < 2:
        raise RuntimeError(f"only {len(meter.calls_ms)} steps ended within {seconds} s")
    percentiles = statistics.quantiles(meter.calls_ms, n=100, method="inclusive")
    return Load(
        commands_s=meter.measured / seconds,
        commands=meter.commands,
        p50_ms=percentiles[49],
        p99_ms=percentiles[98],
        caller_us=(time.process_time() - busy) / meter.commands * 1e6,
    )
