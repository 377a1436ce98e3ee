"""The event feed in memory: tests append facts, readers follow."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from gateway.domain.event import BalanceChanged, Cursor, Delivery, Fact, Place, Position, Stream
from gateway.domain.identifiers import AccountId

OVERLAP_MS = 30_000


@dataclass
class MemoryEventFeed:
    """Implements EventFeed; each fact is stored a millisecond after the one before."""

    heartbeat_s: float = 15.0
    facts: list[tuple[str, Delivery]] = field(default_factory=list)
    numbers: dict[Stream, int] = field(default_factory=lambda: dict.fromkeys(Stream, 0))
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def append(self, account_id: AccountId, stream: Stream, fact: Fact) -> None:
        """Something happened."""
        async with self.arrived:
            self.numbers[stream] += 1
            place = Place(
                stream=stream,
                sequence=self.numbers[stream],
                at_ms=len(self.facts) + 1,
                balance=fact.balance.sequence if isinstance(fact, BalanceChanged) else 0,
            )
            self.facts.append((account_id, Delivery(cursor=place, fact=fact)))
            self.arrived.notify_all()

    async def follow(self, account_id: AccountId, after: Cursor | None) -> AsyncIterator[Delivery]:
        """See EventFeed."""
        at, is_fresh = len(self.facts), after is None or _is_beyond(after, self.numbers)
        now = self._now()
        if is_fresh or after is None:
            yield Delivery(cursor=now, is_fresh=True)
        else:
            yield Delivery(cursor=after)
            for owner, delivery in self.facts[:at]:
                if owner == account_id and (missed := _missed(delivery, after)) is not None:
                    yield missed
            yield Delivery(cursor=now)
        while True:
            while at < len(self.facts):
                owner, delivery = self.facts[at]
                at += 1
                if owner == account_id:
                    yield delivery
            try:
                async with asyncio.timeout(self.heartbeat_s), self.arrived:
                    await self.arrived.wait_for(lambda: at < len(self.facts))  # noqa: B023
            except TimeoutError:
                yield Delivery(cursor=self._now())

    def _now(self) -> Position:
        return Position(numbers=dict(self.numbers), at_ms=len(self.facts))


def _is_beyond(after: Cursor, numbers: dict[Stream, int]) -> bool:
    seen = {after.stream: after.sequence} if isinstance(after, Place) else after.numbers
    return any(number > numbers[stream] for stream, number in seen.items())


def _missed(delivery: Delivery, after: Cursor) -> Delivery | None:
    place = delivery.cursor
    assert isinstance(place, Place)  # noqa: S101 - as appended
    if isinstance(after, Position):
        return delivery if place.sequence > after.numbers.get(place.stream, 0) else None
    if place.stream == after.stream:
        return delivery if place.sequence > after.sequence else None
    if place.at_ms < after.at_ms - OVERLAP_MS:
        return None
    return replace(delivery, maybe_seen=place.at_ms <= after.at_ms)
