"""What was begun for a request that is refused all the same: stopped, where nobody can ask for it again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
    repeat refused requests by themselves are to leave that one.
    """

    generations: Generations
    pause_s: float = PAUSE_S
    try_s: float = TRY_S
    _going_on: set[asyncio.Task[bool]] = field(default_factory=set)

    @asynccontextmanager
    async def withdrawn(
        self, account_id: AccountId, key: str, *, may_come_back: bool, has_begun: bool = False
    ) -> AsyncIterator[None]:
        """Withdraw what has the key when the block fails; nothing for a caller who may come back for it."""
        try:
            yield
        except Exception as failure:
            if not may_come_back and (has_begun or not isinstance(failure, NOT_BEGUN)):
                is_certain = await self.withdraw(account_id, key)
                if isinstance(failure, GatewayError):
                    failure.may_have_begun = not is_certain
            raise

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
        looks, pause_s = 0, self.pause_s
        ends_at = asyncio.get_running_loop().time() + GO_ON_S
        while asyncio.get_running_loop().time() < ends_at:
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
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_MAX_S)
        log.error("generation was not withdrawn", account_id=account_id)
        return False
