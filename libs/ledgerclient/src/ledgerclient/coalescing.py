"""Commands of concurrent callers, sent together over one stream.

One call a command costs gRPC more than the ledger's own work. Here callers share a stream: a command is
sent at once while few batches are on the way, and together with whatever else waits otherwise. No timer
makes a lone caller wait.
"""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import grpc
import structlog
from chassis.backoff import backoff_s, jittered
from chassis.grpc_client import RemoteError, remote_error
from chassis.telemetry import inject, tracer
from opentelemetry.trace import SpanKind
from tintype.ledger.v1 import ledger_pb2 as pb
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

log = structlog.get_logger(__name__)

BATCH_MAX = 500
IN_FLIGHT_MAX = 4
WAITING_MAX = 10_000
RETRY_AFTER_S = 0.2
BACKOFF_S, BACKOFF_MAX_S = 0.05, 2.0

# What another attempt would not change: whoever waits is told at once.
_FINAL = frozenset(
    {
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)
_STATUSES: dict[int, grpc.StatusCode] = {one.value[0]: one for one in grpc.StatusCode}


@dataclass(slots=True, eq=False)
class _Waiting:
    """One caller's command, and its place in the order in which they were asked for."""

    place: int
    command: pb.Command
    outcome: "asyncio.Future[pb.CommandOutcome]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class CoalescingLedger:
    """Applies commands, many at a time, sent in the order in which they were asked for.

    A batch that is refused comes again after those that were on the way with it: whoever needs one command
    done before another awaits its outcome first. Every command carries a request id, so one whose answer
    was lost is simply sent again: `run` does so on a new stream until each caller's own deadline. The
    channel itself should repeat nothing (`retried=()`).
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        *,
        in_flight_max: int = IN_FLIGHT_MAX,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._stub = rpc.LedgerServiceStub(channel)
        self._in_flight_max = in_flight_max
        self._waiting_max = waiting_max
        self._queue: deque[_Waiting] = deque()
        self._in_flight: dict[int, list[_Waiting]] = {}
        self._asked = 0
        self._batch = 0
        self._stream = 0
        self._not_before = 0.0
        self._something_changed = asyncio.Event()
        self._closed = False
        self._heard_anything = False

    async def apply(self, command: pb.Command, *, timeout_s: float) -> pb.CommandOutcome:
        """Apply one command and return how it ended.

        Raises RemoteError: as the command's own method would when it is refused; RESOURCE_EXHAUSTED when
        too many wait already; DEADLINE_EXCEEDED when there was no answer in time, which says nothing
        about whether the command was done.
        """
        if self._closed:
            raise RemoteError(grpc.StatusCode.UNAVAILABLE, "", "the client is closed")
        if len(self._queue) >= self._waiting_max:
            raise RemoteError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "LEDGER_OVERLOADED",
                f"{len(self._queue)} commands are waiting already",
                retry_after_s=RETRY_AFTER_S,
            )
        kind = command.WhichOneof("command") or "nothing"
        with tracer().start_as_current_span(f"ledger {kind}", kind=SpanKind.CLIENT):
            _carry_trace(command)
            self._asked += 1
            waiting = _Waiting(self._asked, command)
            self._queue.append(waiting)
            self._something_changed.set()
            try:
                async with asyncio.timeout(timeout_s):
                    outcome = await waiting.outcome
            except TimeoutError:
                raise RemoteError(
                    grpc.StatusCode.DEADLINE_EXCEEDED, "", f"the ledger did not answer within {timeout_s:g} s"
                ) from None
            finally:
                if not waiting.outcome.done() or waiting.outcome.cancelled():
                    # Nobody waits for it any more: it takes no place from those who do.
                    with suppress(ValueError):
                        self._queue.remove(waiting)
            if outcome.HasField("error"):
                raise _refusal(outcome.error)
            return outcome

    async def run(self) -> None:
        """Keep a stream open until cancelled; then tell whoever still waits that there is no answer."""
        failures = 0
        try:
            while True:
                await self._until_something_waits()
                try:
                    await self._converse()
                    failures = 0
                except grpc.aio.AioRpcError as error:
                    failures = 0 if self._heard_anything else failures + 1
                    if error.code() in _FINAL:
                        self._refuse_all(remote_error(error))
                    log.warning("ledger stream ended", code=error.code().name, detail=error.details())
                self._send_again()
                delay_s = backoff_s(failures + 1, first_s=BACKOFF_S, max_s=BACKOFF_MAX_S)
                await asyncio.sleep(jittered(delay_s))
        finally:
            self._closed = True
            self._refuse_all(RemoteError(grpc.StatusCode.UNAVAILABLE, "", "the client is closing"))

    async def _converse(self) -> None:
        """Send and receive on one stream until it ends."""
        self._heard_anything = False
        call = self._stub.ApplyStream(self._requests(self._stream))
        try:
            async for response in call:
                self._heard_anything = True
                self._receive(response)
        finally:
            # The iterator of a stream that ended must not take what the next one sends.
            self._stream += 1
            self._something_changed.set()
            call.cancel()

    async def _requests(self, stream: int) -> AsyncIterator[pb.ApplyStreamRequest]:
        """Yield a batch whenever something waits and few batches are on the way."""
        loop = asyncio.get_running_loop()
        while stream == self._stream:
            self._something_changed.clear()
            pause_s = self._not_before - loop.time()
            if pause_s <= 0 and len(self._in_flight) < self._in_flight_max and (batch := self._take()):
                self._batch += 1
                self._in_flight[self._batch] = batch
                yield pb.ApplyStreamRequest(batch=self._batch, commands=[one.command for one in batch])
                continue
            try:
                async with asyncio.timeout(pause_s if pause_s > 0 else None):
                    await self._something_changed.wait()
            except TimeoutError:
                continue

    def _take(self) -> list[_Waiting]:
        """Take the next batch; callers that gave up before they were sent are left out."""
        batch: list[_Waiting] = []
        while self._queue and len(batch) < BATCH_MAX:
            waiting = self._queue.popleft()
            if not waiting.outcome.done():
                batch.append(waiting)
        return batch

    def _receive(self, response: pb.ApplyStreamResponse) -> None:
        batch = self._in_flight.pop(response.batch, None)
        self._something_changed.set()
        if batch is None:
            return
        if not response.HasField("error"):
            if len(response.outcomes) != len(batch):
                said = f"{len(response.outcomes)} outcomes for {len(batch)} commands"
                _refuse(batch, RemoteError(grpc.StatusCode.INTERNAL, "", said))
                return
            for waiting, outcome in zip(batch, response.outcomes, strict=True):
                if not waiting.outcome.done():
                    waiting.outcome.set_result(outcome)
            return
        refused = _refusal(response.error)
        if refused.status in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE):
            # Nothing of it was done, or nobody knows: the same request ids are asked again a little later.
            self._put_back(batch)
            pause_s = response.retry_after_ms / 1000 or RETRY_AFTER_S
            self._not_before = asyncio.get_running_loop().time() + pause_s * random.uniform(1, 1.5)
        else:
            _refuse(batch, refused)

    def _send_again(self) -> None:
        """Put back what was sent and not answered."""
        unanswered = [waiting for batch in self._in_flight.values() for waiting in batch]
        self._in_flight.clear()
        self._put_back(unanswered)

    def _put_back(self, sent: Iterable[_Waiting]) -> None:
        """Let commands wait once more, each at its place in the order in which they were asked for."""
        still_wanted = (one for one in sent if not one.outcome.done())
        self._queue = deque(sorted((*still_wanted, *self._queue), key=attrgetter("place")))

    def _refuse_all(self, refused: RemoteError) -> None:
        self._send_again()
        _refuse(self._queue, refused)
        self._queue.clear()

    async def _until_something_waits(self) -> None:
        while not self._queue:
            self._something_changed.clear()
            await self._something_changed.wait()


@asynccontextmanager
async def running(ledger: CoalescingLedger) -> AsyncIterator[CoalescingLedger]:
    """Run a client beside what is done inside; for whoever has no other loops to run it with."""
    task = asyncio.create_task(ledger.run())
    try:
        yield ledger
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _refuse(waiting: Iterable[_Waiting], refused: RemoteError) -> None:
    for one in waiting:
        if not one.outcome.done():
            one.outcome.set_exception(refused)


def _carry_trace(command: pb.Command) -> None:
    headers: dict[str, Any] = {}
    inject(headers)
    if "traceparent" in headers:
        command.traceparent = headers["traceparent"]


def _refusal(error: pb.CommandError) -> RemoteError:
    status = _STATUSES.get(error.code, grpc.StatusCode.UNKNOWN)
    return RemoteError(status, error.reason, error.message, dict(error.metadata))
