"""Wait for the end of a generation: told by the event feed, and looked at now and then all the same."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import cast

from gateway.application.standing_proofs import StandingProofs
from gateway.domain.errors import TimedOut, Unauthenticated, Unavailable
from gateway.domain.event import Delivery, Fact, GenerationMoved
from gateway.domain.generation import Generation
from gateway.domain.identifiers import GenerationId
from gateway.domain.user import Principal
from gateway.ports.event_feed import EventFeed
from gateway.ports.generation import Generations

WAIT_MAX_S = 600.0
FIRST_LOOK_S, LOOK_MAX_S = 1.0, 10.0


@dataclass(frozen=True, kw_only=True)
class WaitForGeneration:
    """Whose generation is waited for, and for how long: at most WAIT_MAX_S."""

    principal: Principal
    generation_id: GenerationId
    timeout_s: float


@dataclass(frozen=True, kw_only=True)
class WaitForGenerationHandler:
    """Holds a request until its generation has ended; the pauses between two looks double up to `look_max_s`.

    The feed is what makes it quick, the looks are what makes it certain: a feed that is silent or down costs
    no more than such a pause.
    """

    feed: EventFeed
    generations: Generations
    proofs: StandingProofs
    first_look_s: float = FIRST_LOOK_S
    look_max_s: float = LOOK_MAX_S

    async def __call__(self, command: WaitForGeneration) -> Generation:
        """Return it once it has ended, or as it is after `timeout_s`.

        Whoever gives up (a cancelled task) leaves the generation as it is. Raises NotFound, Unauthenticated
        once the session or the key has ended that asks, and at the end Unavailable or TimedOut when not even
        the last look was answered.
        """
        news = asyncio.Event()
        hearing = asyncio.ensure_future(self._hear(command, news))
        ended = asyncio.ensure_future(self.proofs.ended(command.principal))
        looking = asyncio.ensure_future(self._look(command, news))
        beside = {hearing, ended, looking}
        try:
            await asyncio.wait({looking, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not looking.done():
                raise Unauthenticated("What the request came with is good no longer.", reason="SESSION_ENDED")
            return looking.result()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)

    async def _look(self, command: WaitForGeneration, news: asyncio.Event) -> Generation:
        """Read it whenever there is news, and after each pause."""
        now = asyncio.get_running_loop().time
        ends_at, pause_s = now() + min(command.timeout_s, WAIT_MAX_S), self.first_look_s
        while True:
            is_last = now() >= ends_at
            news.clear()
            try:
                generation = await self.generations.generation(
                    command.principal.user_id, command.generation_id
                )
                if generation.status.is_final or is_last:
                    return generation
            except (Unavailable, TimedOut):
                if is_last:
                    raise
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(ends_at, now() + pause_s)):
                    await news.wait()
            pause_s = min(2 * pause_s, self.look_max_s)

    async def _hear(self, command: WaitForGeneration, news: asyncio.Event) -> None:
        """Tell the other side when it ended, and when its end can't be missed any more."""
        account_id = command.principal.user_id
        following = cast(AsyncGenerator[Delivery, None], self.feed.follow(account_id, None))
        with suppress(Unavailable):
            async with aclosing(following):
                async for delivery in following:
                    # What came before the first delivery can only be read; everything after it is told.
                    if delivery.is_fresh or _ends(delivery.fact, command.generation_id):
                        news.set()


def _ends(fact: Fact | None, generation_id: GenerationId) -> bool:
    return isinstance(fact, GenerationMoved) and fact.generation_id == generation_id and fact.status.is_final
