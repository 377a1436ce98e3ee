"""Ledgers over real gRPC that can be slow, full, or gone, and a client that is connected to one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
from chassis.grpc_client import channel
from ledgerclient.coalescing import CoalescingLedger, running
from tintype.ledger.v1 import ledger_pb2 as pb
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

HEARD_WITHIN_S = 10.0

Asked = asyncio.Task[pb.CommandOutcome]


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


class HeldLedger(FakeLedger):
    """Keeps every batch until the test says how it ends."""

    def __init__(self) -> None:
        super().__init__()
        self._arrived: asyncio.Queue[pb.ApplyStreamRequest] = asyncio.Queue()
        self._said: asyncio.Queue[pb.ApplyStreamResponse | None] = asyncio.Queue()

    async def ApplyStream(self, requests: Any, context: Any) -> AsyncIterator[pb.ApplyStreamResponse]:  # noqa: N802
        said = self._said = asyncio.Queue()

        async def read() -> None:
            async for request in requests:
                self._arrived.put_nowait(request)

        # gRPC itself repeats a call that ended before it began to answer; these are the client's to repeat.
        await context.send_initial_metadata(())
        reading = asyncio.create_task(read())
        try:
            while (response := await said.get()) is not None:
                yield response
            await context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
        finally:
            reading.cancel()

    async def batch(self) -> pb.ApplyStreamRequest:
        """The next batch that arrives."""
        async with asyncio.timeout(HEARD_WITHIN_S):
            return await self._arrived.get()

    def has_batch(self) -> bool:
        """Whether one arrived that nobody took yet."""
        return not self._arrived.empty()

    def answer(self, batch: pb.ApplyStreamRequest) -> None:
        """Apply its commands and say so."""
        outcomes = [self._apply(one) for one in batch.commands]
        self._said.put_nowait(pb.ApplyStreamResponse(batch=batch.batch, outcomes=outcomes))

    def refuse(self, batch: pb.ApplyStreamRequest, *, retry_after_ms: int = 20) -> None:
        """Be full: nothing of it was done."""
        full = pb.CommandError(code=grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], reason="LEDGER_OVERLOADED")
        self._said.put_nowait(
            pb.ApplyStreamResponse(batch=batch.batch, error=full, retry_after_ms=retry_after_ms)
        )

    def hang_up(self) -> None:
        """End the stream; what was not answered was not done."""
        self._said.put_nowait(None)


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


def names(batch: pb.ApplyStreamRequest) -> list[str]:
    """The request ids of a batch, in its order."""
    return [one.reserve.request_id for one in batch.commands]


def ask(ledger: CoalescingLedger, *requests: str) -> list[Asked]:
    """Callers of one command each, in this order."""
    return [asyncio.create_task(ledger.apply(reserve(name), timeout_s=20)) for name in requests]


async def outcomes(asked: list[Asked]) -> list[str]:
    """The ids of what was made, in the order of the callers."""
    return [one.id for one in await asyncio.gather(*asked)]
