"""Which sessions at identity still stand: known for a second, asked about in batches, doubted when told."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple
from weakref import WeakValueDictionary

from gateway.domain.errors import GatewayError, RateLimited, Unauthenticated, Unavailable
from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.user import Principal
from gateway.ports.identity import SESSION_IDS_MAX, Identity

KNOWN_MAX = 100_000
WAITING_MAX = 20_000
# Streams look again this often, in case nobody tells of the end.
LOOK_EVERY_S = 5.0


class _Answer(NamedTuple):
    """What identity said to a question of that moment; `failure` when it said nothing."""

    is_open: bool
    asked_at_s: float
    failure: Exception | None = None


class OpenSessions:
    """Lets through what identity says still stands, and nothing that it can't say anything about.

    An answer counts for `life_s` from when it was asked for, so that no session outlives its end by more,
    whatever becomes of the fact that tells of it. The fact makes it sooner: `doubt` forgets a user's answers.
    """

    def __init__(self, identity: Identity, *, life_s: float, monotonic: Callable[[], float]) -> None:
        self._identity = identity
        self._life_s = life_s
        self._monotonic = monotonic
        self._known: OrderedDict[SessionId, _Answer] = OrderedDict()
        self._doubted: OrderedDict[UserId, float] = OrderedDict()
        self._waiting: dict[SessionId, asyncio.Future[_Answer]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._told: WeakValueDictionary[UserId, asyncio.Event] = WeakValueDictionary()

    async def require(self, principal: Principal) -> None:
        """Raise Unauthenticated when the principal's session has ended, Unavailable when nobody can say."""
        if not await self.stands(principal.user_id, principal.session_id):
            raise Unauthenticated("The session has ended. Log in again.", reason="SESSION_ENDED")

    async def stands(self, user_id: UserId, session_id: SessionId) -> bool:
        """Whether a session stands. Raises Unavailable."""
        answer = self._known.get(session_id)
        if answer is None or not self._is_fresh(answer, user_id):
            answer = await self._ask(session_id)
            if answer.failure is None and not self._is_fresh(answer, user_id):
                # Told of an end while identity was asked: its answer may be from before.
                answer = await self._ask(session_id)
        if isinstance(answer.failure, GatewayError):
            raise Unavailable(
                "Whether the session still stands can't be checked right now.",
                reason="SESSION_STATE_UNKNOWN",
            ) from answer.failure
        if answer.failure is not None:
            raise answer.failure
        return answer.is_open

    def doubt(self, user_id: UserId) -> None:
        """Take nothing for granted any more that was known of this user's sessions."""
        now_s = self._monotonic()
        self._doubted[user_id] = now_s
        self._doubted.move_to_end(user_id)
        # What was asked for longer ago counts no more anyhow.
        while next(iter(self._doubted.values())) < now_s - self._life_s:
            self._doubted.popitem(last=False)
        if told := self._told.pop(user_id, None):
            told.set()

    async def ended(self, principal: Principal) -> None:
        """Return once the principal's session has ended; while nobody can say, it may go on."""
        while True:
            told = self._told.setdefault(principal.user_id, asyncio.Event())
            try:
                if not await self.stands(principal.user_id, principal.session_id):
                    return
            except (Unavailable, RateLimited):
                pass
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await told.wait()
            except TimeoutError:
                continue

    def _is_fresh(self, answer: _Answer, user_id: UserId) -> bool:
        doubted_at_s = self._doubted.get(user_id, float("-inf"))
        return doubted_at_s < answer.asked_at_s and self._monotonic() < answer.asked_at_s + self._life_s

    async def _ask(self, session_id: SessionId) -> _Answer:
        waiting = self._waiting.get(session_id)
        if waiting is None:
            if len(self._waiting) >= WAITING_MAX:
                raise RateLimited("Too many requests at once. Try again soon.", retry_after_s=1)
            waiting = self._waiting[session_id] = asyncio.get_running_loop().create_future()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_in_batches())
        # One of several who wait may leave.
        return await asyncio.shield(waiting)

    async def _ask_in_batches(self) -> None:
        """Ask for all who wait, one call at a time: whoever comes meanwhile is in the next one."""
        while self._waiting:
            batch = {asked: self._waiting.pop(asked) for asked in list(self._waiting)[:SESSION_IDS_MAX]}
            asked_at_s, failure = self._monotonic(), None
            is_open: frozenset[str] = frozenset()
            try:
                is_open = await self._identity.open_sessions(list(batch))
            except Exception as no_answer:  # noqa: BLE001 - whoever waits is told, whatever went wrong
                failure = no_answer
            for session_id, waiting in batch.items():
                answer = _Answer(session_id in is_open, asked_at_s, failure)
                if failure is None:
                    self._remember(session_id, answer)
                waiting.set_result(answer)

    def _remember(self, session_id: SessionId, answer: _Answer) -> None:
        self._known[session_id] = answer
        self._known.move_to_end(session_id)
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
