"""The event feed in memory: tests append facts, readers follow."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from gateway.domain.event import Cursor, Delivery, Fact, Stream


@dataclass
class MemoryEventFeed:
    """Implements EventFeed."""

    heartbeat_s: float = 15.0
    facts: list[tuple[str, Stream, int, Fact]] = field(default_factory=list)
    positions: dict[Stream, int] = field(default_factory=lambda: dict.fromkeys(Stream, 0))
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def append(self, account_id: str, stream: Stream, fact: Fact) -> None:
        """Something happened."""
        async with self.arrived:
            self.positions[stream] += 1
            self.facts.append((account_id, stream, self.positions[stream], fact))
            self.arrived.notify_all()

    async def follow(self, account_id: str, after: Cursor | None) -> AsyncIterator[Delivery]:
        """See EventFeed."""
        cursor, at = after or self._now(), 0
        if after is None:
            at = len(self.facts)
        yield Delivery(cursor=cursor)
        while True:
            while at < len(self.facts):
                owner, stream, sequence, fact = self.facts[at]
                at += 1
                if sequence > cursor.position(stream):
                    cursor = cursor.moved(stream, sequence)
                    if owner == account_id:
                        yield Delivery(cursor=cursor, fact=fact)
            try:
                async with asyncio.timeout(self.heartbeat_s), self.arrived:
                    await self.arrived.wait_for(lambda: at < len(self.facts))  # noqa: B023
            except TimeoutError:
                yield Delivery(cursor=cursor)

    def _now(self) -> Cursor:
        cursor = Cursor()
        for stream, sequence in self.positions.items():
            cursor = cursor.moved(stream, sequence)
        return cursor
