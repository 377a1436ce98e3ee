"""What was begun for a request that is refused all the same: stopped, where nobody can ask for it again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

import structlog

from gateway.domain.errors import (
    Forbidden,
    GatewayError,
    IdempotencyKeyReused,
    InsufficientCredits,
    InvalidRequest,
    MalformedRequest,
    NotFound,
    RateLimited,
)
from gateway.domain.generation import GenerationStatus
from gateway.domain.identifiers import AccountId
from gateway.ports.generation import Generations

# What is refused like this was not begun.
NOT_BEGUN = (
    Forbidden,
    IdempotencyKeyReused,
    InsufficientCredits,
    InvalidRequest,
    MalformedRequest,
    NotFound,
)
# No room was left to store it, which is the first that is done.
NOT_BEGUN_REASON = "STORAGE_BUSY"
# A call that creates one ends with its deadline or its connection: what is not there a second later won't be.
LOOKS_MIN = 2
# Pauses double from the first to the longest.
PAUSE_S, PAUSE_MAX_S = 1.0, 10.0
# So long a request is held for an answer; after that it goes on beside, for minutes.
TRY_S, GO_ON_S = 5.0, 180.0
GOING_ON_MAX = 1_000
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class UnansweredGenerations:
    """Withdraws by the key that only we know: whoever asks again would pay for two.

    What can't be stopped now is tried again beside, and its refusal says that it `may_have_begun`: those who
    repeat refused requests by themselves are to leave that one. A process that stops waits for it (`end`).
    """

    generations: Generations
    pause_s: float = PAUSE_S
    try_s: float = TRY_S
    _under_way: set[asyncio.Future[None]] = field(default_factory=set)
    _going_on: set[asyncio.Task[bool]] = field(default_factory=set)
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def withdrawn(
        self, account_id: AccountId, key: str, *, may_come_back: bool, has_begun: bool = False
    ) -> AsyncIterator[None]:
        """Withdraw what has the key when the block fails or is cancelled; nothing for who may come back."""
        with self.under_way():
            try:
                yield
            except (Exception, asyncio.CancelledError) as failure:
                if not may_come_back and (has_begun or not _was_not_begun(failure)):
                    is_certain = await self.withdraw(account_id, key)
                    if isinstance(failure, GatewayError):
                        failure.may_have_begun = not is_certain
                raise

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Have whoever ends the process wait: something of the block may be left to be withdrawn."""
        over = asyncio.get_running_loop().create_future()
        self._under_way.add(over)
        try:
            yield
        finally:
            self._under_way.discard(over)
            over.set_result(None)

    async def end(self, *, within_s: float) -> None:
        """Withdraw at once whatever is left, once no request comes any more; logs what could not be."""
        self._ending.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while left := self._under_way | self._going_on:
                    await asyncio.wait(left)
        for withdrawing in self._going_on:
            withdrawing.cancel()
        await asyncio.gather(*self._going_on, return_exceptions=True)

    async def withdraw(self, account_id: AccountId, key: str) -> bool:
        """Return whether what has the key certainly costs nothing; goes on beside where it may."""
        withdrawing = asyncio.create_task(self._withdrawn(account_id, key))
        self._going_on.add(withdrawing)
        withdrawing.add_done_callback(self._going_on.discard)
        done, _ = await asyncio.wait({withdrawing}, timeout=self.try_s)
        if not done and len(self._going_on) > GOING_ON_MAX:
            withdrawing.cancel()
        return withdrawing.result() if done else False

    async def _withdrawn(self, account_id: AccountId, key: str) -> bool:
        try:
            async with asyncio.timeout(GO_ON_S):
                return await self._stopped(account_id, key)
        except (TimeoutError, asyncio.CancelledError) as given_up:
            log.error("generation was not withdrawn", account_id=account_id)
            if isinstance(given_up, TimeoutError):
                return False
            raise

    async def _stopped(self, account_id: AccountId, key: str) -> bool:
        looks, pause_s = 0, self.pause_s
        while True:
            try:
                withdrawn = await self.generations.withdraw(account_id, key)
                return withdrawn.status is not GenerationStatus.SUCCEEDED
            except NotFound:
                looks += 1
                if looks == LOOKS_MIN:
                    return True
            except GatewayError:
                # Nobody answers: asked again.
                looks = 0
            pause_s = await self._pause(pause_s)

    async def _pause(self, pause_s: float) -> float:
        """Return how long the next one is to be. Who waited for long tries at once when the process ends."""
        if self._ending.is_set():
            await asyncio.sleep(self.pause_s)
            return self.pause_s
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._ending.wait()
        return min(2 * pause_s, PAUSE_MAX_S)


def _was_not_begun(failure: BaseException) -> bool:
    return isinstance(failure, NOT_BEGUN) or (
        isinstance(failure, RateLimited) and failure.reason == NOT_BEGUN_REASON
    )
