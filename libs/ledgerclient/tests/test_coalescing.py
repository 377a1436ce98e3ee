"""The coalescing client against a ledger over real gRPC that can be slow, full, or gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import pytest
from chassis.grpc_client import RemoteError, channel
from ledgerclient.coalescing import BATCH_MAX, CoalescingLedger, running
from tintype.ledger.v1 import ledger_pb2 as pb
from tintype.ledger.v1 import ledger_pb2_grpc as rpc


class FakeLedger(rpc.LedgerServiceServicer):
    """Applies each request id once, as the ledger does."""

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.batches: list[int] = []
        self.port = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.refuse_next: list[pb.ApplyStreamResponse] = []
        self.break_after_batches: int | None = None
        self.status: grpc.StatusCode | None = None
        self._server: grpc.aio.Server | None = None

    async def ApplyStream(self, requests: Any, context: Any) -> AsyncIterator[pb.ApplyStreamResponse]:  # noqa: N802
        if self.status is not None:
            await context.abort(self.status, "not you")
        async for request in requests:
            self.batches.append(len(request.commands))
            if self.refuse_next:
                response = self.refuse_next.pop()
                response.batch = request.batch
                yield response
                continue
            outcomes = [self._apply(one) for one in request.commands]
            if self.break_after_batches is not None and len(self.batches) > self.break_after_batches:
                self.break_after_batches = None
                # Applied, and the answer is lost.
                await context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
            await self.may_answer.wait()
            yield pb.ApplyStreamResponse(batch=request.batch, outcomes=outcomes)

    def _apply(self, command: pb.Command) -> pb.CommandOutcome:
        request_id = command.reserve.request_id
        if command.reserve.amount == 0:
            error = pb.CommandError(
                code=grpc.StatusCode.FAILED_PRECONDITION.value[0],
                reason="INSUFFICIENT_CREDITS",
                message="too few",
                metadata={"available": "3"},
            )
            return pb.CommandOutcome(error=error)
        replayed = request_id in self.applied
        if not replayed:
            self.applied.append(request_id)
        return pb.CommandOutcome(id=f"res_{request_id}", replayed=replayed)

    async def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        rpc.add_LedgerServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()

    async def stop(self) -> None:
        """Be gone at once."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None


@asynccontextmanager
async def client(fake: FakeLedger, **options: int) -> AsyncIterator[CoalescingLedger]:
    """A client that runs, connected to the fake."""
    async with AsyncExitStack() as stack:
        if not fake.port:
            await fake.start()
        stack.push_async_callback(fake.stop)
        opened = channel(f"127.0.0.1:{fake.port}", token="generation")
        stack.push_async_callback(opened.close)
        yield await stack.enter_async_context(running(CoalescingLedger(opened, **options)))


def reserve(name: str, amount: int = 5) -> pb.Command:
    """A command with a request id."""
    return pb.Command(reserve=pb.ReserveRequest(request_id=name, account_id="usr_1", amount=amount))


async def test_a_thousand_callers_share_few_batches() -> None:
    """Everyone gets their own outcome, and most of them travelled together."""
    fake = FakeLedger()
    async with client(fake) as ledger:
        names = [f"r{number}" for number in range(1000)]
        outcomes = await asyncio.gather(*(ledger.apply(reserve(name), timeout_s=10) for name in names))
    assert [one.id for one in outcomes] == [f"res_{name}" for name in names]
    assert fake.applied == names
    assert len(fake.batches) < 20
    assert max(fake.batches) <= BATCH_MAX


async def test_a_lone_caller_waits_for_nobody() -> None:
    """One command is a batch of one, at once."""
    fake = FakeLedger()
    async with client(fake) as ledger:
        for number in range(3):
            await ledger.apply(reserve(f"r{number}"), timeout_s=5)
    assert fake.batches == [1, 1, 1]


async def test_a_refusal_is_the_methods_own() -> None:
    """Status, reason and metadata are those of a call of its own; others in the batch are unharmed."""
    fake = FakeLedger()
    async with client(fake) as ledger:
        good, bad = await asyncio.gather(
            ledger.apply(reserve("good"), timeout_s=5),
            ledger.apply(reserve("bad", 0), timeout_s=5),
            return_exceptions=True,
        )
    assert isinstance(good, pb.CommandOutcome)
    assert isinstance(bad, RemoteError)
    assert (bad.status, bad.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_CREDITS")
    assert bad.metadata == {"available": "3"}


async def test_what_was_not_answered_is_sent_again() -> None:
    """The stream breaks after the work was done: the same request ids are recalled, nothing twice."""
    fake = FakeLedger()
    fake.break_after_batches = 0
    async with client(fake) as ledger:
        outcomes = await asyncio.gather(
            *(ledger.apply(reserve(f"r{number}"), timeout_s=20) for number in range(50))
        )
    assert sorted(fake.applied) == sorted(f"r{number}" for number in range(50))
    assert any(one.replayed for one in outcomes)


async def test_a_restarted_ledger_is_found_again() -> None:
    """Callers that came while it was away are answered when it is back."""
    fake = FakeLedger()
    async with client(fake) as ledger:
        await ledger.apply(reserve("before"), timeout_s=5)
        await fake.stop()
        meanwhile = asyncio.create_task(ledger.apply(reserve("meanwhile"), timeout_s=30))
        await asyncio.sleep(0)
        await fake.start()
        assert (await meanwhile).id == "res_meanwhile"


async def test_a_full_ledger_is_asked_again_later() -> None:
    """RESOURCE_EXHAUSTED for a batch is no answer to its callers: they are served after a while."""
    fake = FakeLedger()
    code = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    full = pb.ApplyStreamResponse(
        error=pb.CommandError(code=code, reason="LEDGER_OVERLOADED"), retry_after_ms=20
    )
    fake.refuse_next = [full]
    async with client(fake) as ledger:
        assert (await ledger.apply(reserve("r1"), timeout_s=10)).id == "res_r1"
    assert fake.batches == [1, 1]


async def test_a_batch_that_is_refused_for_good_is_told_at_once() -> None:
    """What another attempt would not change does not wait for a deadline."""
    fake = FakeLedger()
    code = grpc.StatusCode.PERMISSION_DENIED.value[0]
    fake.refuse_next = [
        pb.ApplyStreamResponse(error=pb.CommandError(code=code, reason="COMMAND_NOT_ALLOWED"))
    ]
    async with client(fake) as ledger:
        with pytest.raises(RemoteError) as refused:
            await ledger.apply(reserve("r1"), timeout_s=10)
    assert refused.value.reason == "COMMAND_NOT_ALLOWED"
    fake = FakeLedger()
    fake.status = grpc.StatusCode.UNAUTHENTICATED
    async with client(fake) as ledger:
        with pytest.raises(RemoteError) as refused:
            await ledger.apply(reserve("r1"), timeout_s=10)
    assert refused.value.status is grpc.StatusCode.UNAUTHENTICATED


async def test_an_answer_that_does_not_fit_is_an_error_of_its_batch() -> None:
    """Its callers are told, and the stream goes on."""
    fake = FakeLedger()
    fake.refuse_next = [pb.ApplyStreamResponse()]
    async with client(fake) as ledger:
        with pytest.raises(RemoteError) as refused:
            await ledger.apply(reserve("r1"), timeout_s=10)
        assert refused.value.status is grpc.StatusCode.INTERNAL
        assert (await ledger.apply(reserve("r2"), timeout_s=10)).id == "res_r2"


async def test_past_the_bound_callers_are_turned_away() -> None:
    """Memory does not grow: who comes when it is full hears when to come again."""
    fake = FakeLedger()
    fake.may_answer.clear()
    async with client(fake, in_flight_max=1, waiting_max=10) as ledger:
        first = asyncio.create_task(ledger.apply(reserve("first"), timeout_s=20))
        while not fake.batches:
            await asyncio.sleep(0.01)
        waiting = [asyncio.create_task(ledger.apply(reserve(f"r{n}"), timeout_s=20)) for n in range(10)]
        await asyncio.sleep(0)
        with pytest.raises(RemoteError) as refused:
            await ledger.apply(reserve("late"), timeout_s=20)
        assert refused.value.status is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert refused.value.retry_after_s is not None
        fake.may_answer.set()
        await asyncio.gather(first, *waiting)
    assert "late" not in fake.applied


async def test_a_deadline_and_a_caller_that_left() -> None:
    """No answer in time is an error of its own; whoever left before being sent is never sent."""
    fake = FakeLedger()
    fake.may_answer.clear()
    async with client(fake, in_flight_max=1) as ledger:
        first = asyncio.create_task(ledger.apply(reserve("first"), timeout_s=20))
        while not fake.batches:
            await asyncio.sleep(0.01)
        left = asyncio.create_task(ledger.apply(reserve("left"), timeout_s=20))
        await asyncio.sleep(0)
        left.cancel()
        with pytest.raises(RemoteError) as late:
            await ledger.apply(reserve("late"), timeout_s=0.05)
        assert late.value.status is grpc.StatusCode.DEADLINE_EXCEEDED
        fake.may_answer.set()
        assert (await first).id == "res_first"
        await ledger.apply(reserve("after"), timeout_s=5)
    assert fake.applied == ["first", "after"]


async def test_closing_tells_who_still_waits() -> None:
    """Nobody is left hanging."""
    fake = FakeLedger()
    fake.may_answer.clear()
    async with client(fake) as ledger:
        waiting = asyncio.create_task(ledger.apply(reserve("r1"), timeout_s=20))
        while not fake.batches:
            await asyncio.sleep(0.01)
    with pytest.raises(RemoteError) as closed:
        await waiting
    assert closed.value.status is grpc.StatusCode.UNAVAILABLE
    with pytest.raises(RemoteError):
        await ledger.apply(reserve("r2"), timeout_s=1)
