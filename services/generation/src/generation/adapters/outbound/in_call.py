"""Providers that answer in the call itself: each call is paid once, and its answer kept at once.

Such an API knows no idempotency key, and can't be asked about a call. So a call runs as a task of this
process, and how it ended is spooled before anybody hears of it: from then on every worker finds it. A
process that is told to stop lets its calls end first, and one that stands still keeps them for as long as
a call can take (TakeDue). One that is killed during a call loses it: whether it was billed can't be known,
and the job tries again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from generation.domain.errors import StorageUnavailable
from generation.domain.generation import Failure
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.answers import AnswerSpool
from generation.ports.media_provider import (
    Capabilities,
    InputMedia,
    PollSchedule,
    Run,
    RunReport,
    RunState,
)

KEEP_AGAIN_S_MAX = 15.0
# Failures that are no outage, such as an answer that is too large, are most likely to stay.
KEEP_STUMBLES_MAX = 3
# Ends that no spool has: those of calls that were cancelled, and answers that it could not take. As many are
# remembered of those that it has.
UNSPOOLED_MAX = 64
# Whoever waits for an end is told of it, and looks at once. Where nobody waits any more, an answer of many
# megabytes is not to stay.
FRESH_S = 5.0
UNREADABLE = Failure("PROVIDER_FAILED", "the provider's answer could not be read")
log = structlog.get_logger(__name__)


class Caller(Protocol):
    """Makes one call, without repeating it."""

    async def call(self, run: Run, advance: Callable[[float], None]) -> RunReport:
        """How the call ended; `advance` is told how far it is. An exception is a failure of the run."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


@dataclass(frozen=True)
class HeldMedia:
    """A file that was read before its call began: what can't be read then is no failure of the call."""

    media_type: str
    url: str
    content: bytes = field(repr=False)

    @property
    def size_bytes(self) -> int:
        """See InputMedia."""
        return len(self.content)

    async def read(self) -> bytes:
        """See InputMedia."""
        return self.content


@dataclass
class Call:
    """A call that has not ended, or whose end is not kept yet."""

    run: Run
    progress: float = 0.0
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class InCallProvider:
    """`name` begins its run ids. Whoever asks this process or the spool for a key is told of its call."""

    capabilities = Capabilities(cancel=True, look_up=True, progress=True, in_call=True)
    # A look is one at this process's own memory, for its progress: the end tells of itself.
    polling = PollSchedule(first_s=0.25, longest_s=0.25)

    def __init__(self, caller: Caller, spool: AnswerSpool, *, name: str) -> None:
        self._caller = caller
        self._spool = spool
        self._prefix = f"{name}:"
        self._calls: dict[RunId, Call] = {}
        self._unspooled: dict[RunId, RunReport] = {}
        # Of what was spooled: the first look needs not read it again.
        self._fresh: dict[RunId, RunReport] = {}

    async def submit(self, run: Run) -> RunId:
        run_id = self._run_id(run.key)
        if run_id in self._calls:
            return run_id
        held = replace(run, media={media_id: await _held(media) for media_id, media in run.media.items()})
        if run_id not in self._calls:
            call = self._calls[run_id] = Call(held)
            call.task = asyncio.create_task(self._carry_out(run_id, call))
        return run_id

    async def find(self, key: AttemptId) -> RunId | None:
        run_id = self._run_id(key)
        if run_id in self._calls or run_id in self._unspooled:
            return run_id
        return run_id if await self._spool.find(key) else None

    async def check(self, run_id: RunId) -> RunReport:
        if call := self._calls.get(run_id):
            return RunReport(RunState.RUNNING, call.progress)
        if run_id in self._unspooled:
            return self._unspooled[run_id]
        if fresh := self._fresh.pop(run_id, None):
            return fresh
        kept = await self._spool.find(AttemptId(run_id.removeprefix(self._prefix)))
        return kept or RunReport(RunState.UNKNOWN)

    async def cancel(self, run_id: RunId) -> None:
        call = self._calls.pop(run_id, None)
        if call and call.task:
            call.task.cancel()
            _put(self._unspooled, run_id, RunReport(RunState.CANCELLED))

    async def forget(self, run_id: RunId) -> None:
        # What was spooled goes with the job, in the transaction that ends it.
        self._unspooled.pop(run_id, None)
        self._fresh.pop(run_id, None)

    def is_paying(self, run_id: RunId) -> bool:
        return run_id in self._calls

    async def close(self) -> None:
        """End the calls and close the connections."""
        tasks = [call.task for call in self._calls.values() if call.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._caller.close()

    async def _carry_out(self, run_id: RunId, call: Call) -> None:
        def advance(progress: float) -> None:
            call.progress = progress

        try:
            report = await self._caller.call(call.run, advance)
        except Exception:
            # An answer that makes no sense is the provider's failure. It may have been billed.
            log.exception("answer could not be read", attempt_id=call.run.key)
            report = RunReport(RunState.FAILED, failure=UNREADABLE, unanswered=True)
        await self._keep(run_id, report)
        self._calls.pop(run_id, None)
        call.run.on_end()

    async def _keep(self, run_id: RunId, report: RunReport) -> None:
        """Keep trying while storage is away: until the answer is safe, it counts as on its way."""
        pause_s, stumbles = 0.25, 0
        while True:
            try:
                await self._spool.keep(AttemptId(run_id.removeprefix(self._prefix)), report)
                return self._remember(run_id, report)
            except StorageUnavailable as away:
                log.warning("answer not kept yet", run_id=run_id, error=str(away))
            except Exception:
                log.exception("answer can't be kept", run_id=run_id)
                stumbles += 1
                if stumbles == KEEP_STUMBLES_MAX:
                    # Better delivered from here than never; only a second worker won't find it.
                    return _put(self._unspooled, run_id, report)
            await asyncio.sleep(pause_s)
            pause_s = min(KEEP_AGAIN_S_MAX, pause_s * 2)

    def _remember(self, run_id: RunId, report: RunReport) -> None:
        """Have the first look need no spool."""
        _put(self._fresh, run_id, report)
        asyncio.get_running_loop().call_later(FRESH_S, self._fresh.pop, run_id, None)

    def _run_id(self, key: AttemptId) -> RunId:
        return RunId(self._prefix + key)


def _put(ends: dict[RunId, RunReport], run_id: RunId, report: RunReport) -> None:
    while len(ends) >= UNSPOOLED_MAX:
        del ends[next(iter(ends))]
    ends[run_id] = report


async def _held(media: InputMedia) -> InputMedia:
    return HeldMedia(media.media_type, media.url, await media.read())
