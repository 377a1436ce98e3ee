"""A stream of batches: several are decided at the same time, each is answered as soon as it is committed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from tintype.ledger.v1 import ledger_pb2 as pb

# Further batches are read from the stream only when one is answered: the caller is slowed, not buffered.
IN_FLIGHT_MAX = 8

Answer = Callable[[pb.ApplyStreamRequest], Awaitable[pb.ApplyStreamResponse]]


async def answer_stream(
    requests: AsyncIterator[pb.ApplyStreamRequest], answer: Answer
) -> AsyncIterator[pb.ApplyStreamResponse]:
    """Yield one response a request, in the order in which they are ready.

    When the caller goes away the batches in flight are still decided: their outcomes are kept with
    their request ids, and recalled when they are asked again.
    """
    answers: asyncio.Queue[pb.ApplyStreamResponse | BaseException | None] = asyncio.Queue()
    slots = asyncio.Semaphore(IN_FLIGHT_MAX)
    tasks: set[asyncio.Task[None]] = set()

    async def answer_next(request: pb.ApplyStreamRequest) -> None:
        try:
            answers.put_nowait(await answer(request))
        except Exception as failure:  # noqa: BLE001 - it ends the stream, where it is turned into a status
            answers.put_nowait(failure)
        finally:
            slots.release()

    async def read() -> None:
        try:
            async for request in requests:
                await slots.acquire()
                task = asyncio.create_task(answer_next(request))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            while tasks:
                await asyncio.wait(tasks)
            answers.put_nowait(None)
        except Exception as failure:  # noqa: BLE001 - the same
            answers.put_nowait(failure)

    reading = asyncio.create_task(read())
    try:
        while (ready := await answers.get()) is not None:
            if isinstance(ready, BaseException):
                raise ready
            yield ready
    finally:
        reading.cancel()
