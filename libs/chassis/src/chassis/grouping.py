"""What waits together is done together: one transaction, and one fsync, for many who ask at the same time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

SIZE_MAX = 200
WAITING_MAX = 5_000
RETRY_AFTER_S = 0.5
# While more than this many wait, one group is done beside another. Fewer go together: they are answered
# sooner by one transaction than by two.
SPREAD_ABOVE = 32
WRITERS_MAX = 2


class GroupsFull(Exception):
    """So many wait that one more is turned away."""

    def __init__(self, *, retry_after_s: float) -> None:
        super().__init__("too many wait already")
        self.retry_after_s = retry_after_s


class Groups(Generic[Asked, Answer]):
    """`together` does a group: all of it, with an answer each in the same order, or nothing and raises.

    Of a group that raises, each is done alone, so that only what is to blame fails. `outages` are failures
    that would be everybody's: they are told to the whole group. Nobody is answered before the group is done.

    With `gather_s`, for answers that nobody is in a hurry for, a group waits so long for others to join it,
    unless it is large already.
    """

    def __init__(
        self,
        together: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]],
        *,
        outages: tuple[type[Exception], ...] = (),
        size_max: int = SIZE_MAX,
        waiting_max: int = WAITING_MAX,
        gather_s: float = 0.0,
    ) -> None:
        self._together = together
        self._outages = outages
        self._size_max = size_max
        self._waiting_max = waiting_max
        self._gather_s = gather_s
        self._waiting: deque[tuple[Asked, asyncio.Future[Answer]]] = deque()
        self._writers: set[asyncio.Task[None]] = set()

    async def ask(self, asked: Asked) -> Answer:
        """Return the answer once the group is done. Raises GroupsFull, or what the doing raised.

        Who is cancelled while they wait is left out; afterwards what they asked for is done all the same.
        """
        if len(self._waiting) >= self._waiting_max:
            raise GroupsFull(retry_after_s=RETRY_AFTER_S)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        busy = len(self._writers)
        if not busy or (busy < WRITERS_MAX and len(self._waiting) > SPREAD_ABOVE):
            # Of no request: what one caller started also does what others asked.
            writer = asyncio.get_running_loop().create_task(self._drain(), context=Context())
            self._writers.add(writer)
        return await answer

    async def close(self) -> None:
        """Wait until everybody is answered."""
        while self._writers:
            await asyncio.wait(self._writers)

    async def _drain(self) -> None:
        try:
            while self._waiting:
                if self._gather_s and len(self._waiting) <= SPREAD_ABOVE:
                    await asyncio.sleep(self._gather_s)
                await self._answer(self._next())
        finally:
            # With nothing awaited since the queue was seen empty: whoever comes now starts a new writer.
            if (writer := asyncio.current_task()) is not None:
                self._writers.discard(writer)

    def _next(self) -> list[tuple[Asked, "asyncio.Future[Answer]"]]:
        group: list[tuple[Asked, asyncio.Future[Answer]]] = []
        while self._waiting and len(group) < self._size_max:
            asked, answer = self._waiting.popleft()
            if not answer.done():
                group.append((asked, answer))
        return group

    async def _answer(self, group: Sequence[tuple[Asked, "asyncio.Future[Answer]"]]) -> None:
        if not group:
            # All of them left while they waited.
            return
        try:
            answers = await self._together([asked for asked, _ in group])
        except BaseException as failure:
            if not isinstance(failure, Exception) or len(group) == 1 or isinstance(failure, self._outages):
                for _, answer in group:
                    _fail(answer, failure)
                if not isinstance(failure, Exception):
                    raise
                return
            for single in group:
                await self._answer([single])
            return
        for (_, answer), told in zip(group, answers, strict=True):
            if not answer.done():
                answer.set_result(told)


def _fail(answer: "asyncio.Future[Answer]", failure: BaseException) -> None:
    if answer.done():
        return
    if isinstance(failure, asyncio.CancelledError):
        answer.cancel()
    else:
        answer.set_exception(failure)
