"""Begin a generation whose picture is shown while it is made, wherever that is possible."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from gateway.application.watcher import Watcher
from gateway.domain.errors import GatewayError, TimedOut, Unavailable
from gateway.domain.generation import Generation, NewGeneration
from gateway.domain.identifiers import AccountId
from gateway.domain.preview import PreviewEvent, PreviewsAccepted
from gateway.ports.generation import Generations
from gateway.ports.interactive_generations import InteractiveGenerations

# As long as creating one may take.
ACCEPT_WITHIN_S = 15.0
# Nobody shows it here, or nobody is there who could.
_WITHOUT = frozenset({"PREVIEWS_NOT_OFFERED", "TOO_MANY_STREAMS", "CHATS_NOT_OFFERED", "SERVICE_UNAVAILABLE"})


@dataclass(frozen=True)
class PreviewedCreation:
    """Previews are an extra: what can't be shown is made all the same, as any other generation.

    Both ways have the same key, so that whatever the first had begun is what the second finds.
    """

    generations: Generations
    interactive: InteractiveGenerations

    async def begin(
        self, account_id: AccountId, new: NewGeneration, watcher: Watcher
    ) -> tuple[Generation, bool]:
        """Return it, and whether it was made before. Raises what `Generations.create` raises."""
        events = self.interactive.preview(account_id, new, previews_max=watcher.previews_max)
        try:
            accepted = await _accepted(events)
        except GatewayError as refusal:
            if refusal.reason not in _WITHOUT:
                raise
            return await self.generations.create(account_id, new)
        watcher.follow(events)
        return accepted.generation, accepted.is_replayed


async def _accepted(events: AsyncGenerator[PreviewEvent, None]) -> PreviewsAccepted:
    try:
        async with asyncio.timeout(ACCEPT_WITHIN_S):
            first = await anext(events, None)
        if not isinstance(first, PreviewsAccepted):
            raise Unavailable("The generation service did not begin.", reason="SERVICE_UNAVAILABLE")
    except TimeoutError:
        await events.aclose()
        raise TimedOut("The generation service took too long.") from None
    except BaseException:
        await events.aclose()
        raise
    return first
