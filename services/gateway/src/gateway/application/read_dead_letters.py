"""Look at what services gave up, over all of them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from gateway.domain.administration import Actor
from gateway.domain.dead_letter import DeadLetter, DeadLetterPage
from gateway.domain.errors import NotFound, TimedOut, Unavailable
from gateway.domain.identifiers import DeadLetterId
from gateway.domain.page import Page
from gateway.ports.dead_letters import DeadLetters


@dataclass(frozen=True)
class ReadDeadLetters:
    """Asks every service at once; one that is away is named, and hides nothing of the others."""

    services: Mapping[str, DeadLetters]

    async def page(
        self, actor: Actor, service: str | None, *, cursor: str | None, limit: int
    ) -> DeadLetterPage:
        """Return a part of what waits, of one service or of all. Raises NotFound for a service that is none,
        Forbidden (NOT_STAFF), InvalidRequest for a cursor that is none."""
        asked = {service: self._of(service)} if service else self.services
        answers = await asyncio.gather(*(_ask(letters, actor, cursor, limit) for letters in asked.values()))
        parts = [answer for answer in answers if answer is not None]
        newest = merge(*(part.items for part in parts), key=_place, reverse=True)
        shown = list(islice(newest, limit + 1))
        more = len(shown) > limit or any(part.next_cursor for part in parts)
        shown = shown[:limit]
        return DeadLetterPage(
            letters=shown,
            next_cursor=shown[-1].place if more and shown else None,
            unanswered=[name for name, answer in zip(asked, answers, strict=True) if answer is None],
        )

    async def find(self, actor: Actor, service: str, letter_id: DeadLetterId) -> DeadLetter:
        """Return one. Raises NotFound, Forbidden (NOT_STAFF), Unavailable."""
        return await self._of(service).find(actor, letter_id)

    def _of(self, service: str) -> DeadLetters:
        if service not in self.services:
            raise NotFound("There is no such dead letter.", reason="DEAD_LETTER_NOT_FOUND")
        return self.services[service]


async def _ask(letters: DeadLetters, actor: Actor, cursor: str | None, limit: int) -> Page[DeadLetter] | None:
    try:
        return await letters.page(actor, cursor=cursor, limit=limit)
    except (Unavailable, TimedOut):
        return None


def _place(letter: DeadLetter) -> tuple[object, str]:
    return letter.given_up_at, letter.dead_letter_id
