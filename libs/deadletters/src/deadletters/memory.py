"""Dead letters in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from chassis.dead_letters import DeadLetter, Handler, Replay, Replayer
from chassis.events import IncomingEvent


@dataclass
class MemoryLetters:
    """Implements Letters; `told` holds the replays that became facts."""

    kept: dict[str, DeadLetter] = field(default_factory=dict)
    told: list[Replay] = field(default_factory=list)

    async def keep(self, event: IncomingEvent, failure: Exception) -> None:
        """Store one event."""
        letter = DeadLetter(
            event=event, error=repr(failure), given_up_at=datetime.now(UTC), attempts=0, replayed_at=None
        )
        self.kept.setdefault(event.event_id, letter)

    async def page(self, *, before: tuple[datetime, str] | None, limit: int) -> Sequence[DeadLetter]:
        """See Letters."""
        newest = sorted(self.kept.values(), key=_place, reverse=True)
        waiting = [letter for letter in newest if letter.replayed_at is None]
        return [letter for letter in waiting if before is None or _place(letter) < before][:limit]

    async def find(self, event_id: str) -> DeadLetter | None:
        """See Letters."""
        return self.kept.get(event_id)

    async def replay(self, letter: DeadLetter, handler: Handler, by: Replayer) -> Exception | None:
        """See Letters."""
        if letter.replayed_at is not None:
            return None
        failure: Exception | None = None
        try:
            await handler(letter.event)
        except Exception as raised:  # noqa: BLE001 - whatever it is, it is told and kept
            failure = raised
        event_id = letter.event.event_id
        stands = self.kept[event_id]
        if stands.replayed_at is not None:
            return None
        self.kept[event_id] = replace(
            stands,
            attempts=stands.attempts + 1,
            error=repr(failure) if failure else stands.error,
            replayed_at=None if failure else datetime.now(UTC),
        )
        self.told.append(Replay(event=letter.event, by=by, applied=failure is None))
        return failure


def _place(letter: DeadLetter) -> tuple[datetime, str]:
    return letter.given_up_at, letter.event.event_id
