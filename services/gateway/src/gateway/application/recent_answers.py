"""What a service said a moment ago: known for a second, asked about in batches, doubted when told."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from gateway.domain.errors import RateLimited, Unavailable
from gateway.domain.identifiers import UserId

KNOWN_MAX = 100_000
WAITING_MAX = 20_000
# Whoever waits for an end looks again this often, in case nobody tells of it.
LOOK_EVERY_S = 5.0

Asked = TypeVar("Asked", bound=Hashable)
Said = TypeVar("Said")


class _Answer(NamedTuple, Generic[Said]):
    """What was said to a question of that moment, if anything; `failure` when there was no answer."""

    said: Said | None
    asked_at_s: float
    failure: Exception | None = None


class RecentAnswers(Generic[Asked, Said]):
    """An answer counts for `life_s` from when it was asked for, so that nothing outlives its end by more,
    whatever becomes of the fact that tells of it. The fact makes it sooner: `doubt` forgets a user's answers.
    """

    def __init__(
        self,
        ask: Callable[[Sequence[Asked]], Awaitable[Mapping[Asked, Said]]],
        *,
        batch_max: int,
        life_s: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._ask_many = ask
        self._batch_max = batch_max
        self._life_s = life_s
        self._monotonic = monotonic
        self._known: OrderedDict[Asked, _Answer[Said]] = OrderedDict()
        self._doubted: OrderedDict[UserId, float] = OrderedDict()
        self._waiting: dict[Asked, asyncio.Future[_Answer[Said]]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._told: WeakValueDictionary[UserId, asyncio.Event] = WeakValueDictionary()

    async def of(self, asked: Asked, whose: Callable[[Said | None], UserId | None]) -> Said | None:
        """Return what was said, or None where nothing was; `whose` names the user whom an answer concerns.

        Raises what asking raised, and RateLimited when too many wait.
        """
        answer = self._known.get(asked)
        if answer is None or not self._is_fresh(answer, whose):
            answer = await self._ask(asked)
            if answer.failure is None and not self._is_fresh(answer, whose):
                # Told of a change while the service was asked: its answer may be from before.
                answer = await self._ask(asked)
        if answer.failure is not None:
            raise answer.failure
        return answer.said

    def doubt(self, user_id: UserId) -> None:
        """Take nothing for granted any more that was said of this user."""
        now_s = self._monotonic()
        self._doubted[user_id] = now_s
        self._doubted.move_to_end(user_id)
        # What was asked for longer ago counts no more anyhow.
        while next(iter(self._doubted.values())) < now_s - self._life_s:
            self._doubted.popitem(last=False)
        if told := self._told.pop(user_id, None):
            told.set()

    async def until_false(self, user_id: UserId, stands: Callable[[], Awaitable[bool]]) -> None:
        """Return once something of the user's stands no longer; while nobody can say, it may go on."""
        while True:
            told = self._told.setdefault(user_id, asyncio.Event())
            try:
                if not await stands():
                    return
            except (Unavailable, RateLimited):
                pass
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await told.wait()
            except TimeoutError:
                continue

    def _is_fresh(self, answer: _Answer[Said], whose: Callable[[Said | None], UserId | None]) -> bool:
        user_id = whose(answer.said)
        doubted_at_s = self._doubted.get(user_id, float("-inf")) if user_id else float("-inf")
        return doubted_at_s < answer.asked_at_s and self._monotonic() < answer.asked_at_s + self._life_s

    async def _ask(self, asked: Asked) -> _Answer[Said]:
        waiting = self._waiting.get(asked)
        if waiting is None:
            if len(self._waiting) >= WAITING_MAX:
                raise RateLimited("Too many requests at once. Try again soon.", retry_after_s=1)
            waiting = self._waiting[asked] = asyncio.get_running_loop().create_future()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_in_batches())
        # One of several who wait may leave.
        return await asyncio.shield(waiting)

    async def _ask_in_batches(self) -> None:
        """Ask for all who wait, one call at a time: whoever comes meanwhile is in the next one."""
        while self._waiting:
            batch = {asked: self._waiting.pop(asked) for asked in list(self._waiting)[: self._batch_max]}
            asked_at_s, failure = self._monotonic(), None
            said: Mapping[Asked, Said] = {}
            try:
                said = await self._ask_many(list(batch))
            except Exception as no_answer:  # noqa: BLE001 - whoever waits is told, whatever went wrong
                failure = no_answer
            for asked, waiting in batch.items():
                answer = _Answer(said.get(asked), asked_at_s, failure)
                if failure is None:
                    self._remember(asked, answer)
                waiting.set_result(answer)

    def _remember(self, asked: Asked, answer: _Answer[Said]) -> None:
        self._known[asked] = answer
        self._known.move_to_end(asked)
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
