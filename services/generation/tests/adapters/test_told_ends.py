"""A call that ends tells whoever waits for it, once its answer is safe: the first look needs not read it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from generation.adapters.outbound import in_call
from generation.adapters.outbound.in_call import UNSPOOLED_MAX, InCallProvider
from generation.adapters.outbound.inline import InlineOutput
from generation.adapters.outbound.memory_services import MemorySpool
from generation.domain.errors import StorageUnavailable
from generation.domain.identifiers import AttemptId
from generation.ports.media_provider import Run, RunReport, RunState

pytestmark = pytest.mark.real_time

REPORT = RunReport(RunState.SUCCEEDED, 1.0, (InlineOutput(b"words"),))


@dataclass
class Caller:
    """Answers at once."""

    async def call(self, _run: Run, _advance: Callable[[float], None]) -> RunReport:
        return REPORT

    async def close(self) -> None:
        return None


@dataclass
class CountingSpool(MemorySpool):
    """Counts what is read."""

    found: list[AttemptId] = field(default_factory=list)

    async def find(self, key: AttemptId) -> RunReport | None:
        self.found.append(key)
        return await super().find(key)


async def until(ended: asyncio.Event) -> None:
    """Wait for an end that is told."""
    async with asyncio.timeout(10):
        await ended.wait()


async def test_the_end_is_told_once_the_answer_is_safe() -> None:
    """Not before: whoever looks then finds it, and so would any other worker."""
    ended, spool = asyncio.Event(), CountingSpool(refusal=StorageUnavailable("away"))
    provider = InCallProvider(Caller(), spool, name="p")
    run_id = await provider.submit(Run(key=AttemptId("att_1"), model="m", input={}, on_end=ended.set))
    while not spool.refused:
        await asyncio.sleep(0)
    assert not ended.is_set()
    spool.refusal = None
    await until(ended)
    assert spool.reports == {AttemptId("att_1"): REPORT}
    assert not provider.is_paying(run_id)


async def test_the_first_look_reads_nothing_and_the_next_one_the_spool() -> None:
    """A delivery that is tried again finds what every worker would find."""
    ended, spool = asyncio.Event(), CountingSpool()
    provider = InCallProvider(Caller(), spool, name="p")
    run_id = await provider.submit(Run(key=AttemptId("att_1"), model="m", input={}, on_end=ended.set))
    await until(ended)
    assert await provider.check(run_id) == REPORT
    assert spool.found == []
    assert await provider.check(run_id) == REPORT
    assert spool.found == ["att_1"]
    await provider.forget(run_id)


async def test_ends_that_nobody_looks_at_are_bounded() -> None:
    """The oldest leave memory; the spool has them all the same."""
    spool = CountingSpool()
    provider = InCallProvider(Caller(), spool, name="p")
    runs = []
    for number in range(UNSPOOLED_MAX + 1):
        ended = asyncio.Event()
        run = Run(key=AttemptId(f"att_{number}"), model="m", input={}, on_end=ended.set)
        runs.append(await provider.submit(run))
        await until(ended)
    assert [await provider.check(run_id) for run_id in runs] == [REPORT] * len(runs)
    assert spool.found == ["att_0"]


async def test_what_was_forgotten_is_not_remembered() -> None:
    """A run that ended with its job leaves nothing in memory."""
    ended, spool = asyncio.Event(), CountingSpool()
    provider = InCallProvider(Caller(), spool, name="p")
    run_id = await provider.submit(Run(key=AttemptId("att_1"), model="m", input={}, on_end=ended.set))
    await until(ended)
    await provider.forget(run_id)
    spool.reports.clear()
    assert await provider.check(run_id) == RunReport(RunState.UNKNOWN)


async def test_an_end_that_nobody_waits_for_leaves_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its job was cancelled, or is another worker's: the answer's bytes are in the spool alone."""
    monkeypatch.setattr(in_call, "FRESH_S", 0.01)
    ended, spool = asyncio.Event(), CountingSpool()
    provider = InCallProvider(Caller(), spool, name="p")
    run_id = await provider.submit(Run(key=AttemptId("att_1"), model="m", input={}, on_end=ended.set))
    await until(ended)
    async with asyncio.timeout(10):
        while provider._fresh:
            await asyncio.sleep(0.01)
    assert await provider.check(run_id) == REPORT
    assert spool.found == ["att_1"]
