"""Events that were given up, kept whole: to look at, and to apply again once what stopped them is mended.

The table is in the migrations of the service that keeps them: `replayed_at` is set once the event was applied
after all, and `attempts` counts replays, failed ones too. What became of a letter and the record of who had
it replayed are one transaction; the event's own effect is another, and happens once whatever is repeated.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.events import IncomingEvent
from chassis.postgres import SYSTEM_SCOPE, transaction

DEAD_LETTERS_DDL = """
CREATE TABLE dead_letters (
    event_id text PRIMARY KEY,
    ce_type text NOT NULL,
    subject text NOT NULL,
    headers jsonb NOT NULL,
    payload bytea NOT NULL,
    deliveries integer NOT NULL,
    error text NOT NULL,
    given_up_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    replayed_at timestamptz
)
"""
# What the service's role may do: keep a letter and what became of it, and change nothing else of it.
DEAD_LETTERS_PRIVILEGES = "SELECT, INSERT, UPDATE (attempts, replayed_at, error, deliveries)"

ERROR_MAX = 2_000
LIST_MAX = 1_000

_COLUMNS = (
    "event_id, ce_type, subject, headers, payload, deliveries, error, given_up_at, attempts, replayed_at"
)
_KEEP = text(
    """
    INSERT INTO dead_letters (event_id, ce_type, subject, headers, payload, deliveries, error)
    VALUES (:event_id, :ce_type, :subject, CAST(:headers AS jsonb), :payload, :deliveries, :error)
    ON CONFLICT (event_id) DO UPDATE SET error = excluded.error, deliveries = excluded.deliveries
    """
)
_LIST = text(
    f"SELECT {_COLUMNS} FROM dead_letters WHERE replayed_at IS NULL OR :replayed "  # noqa: S608 - our constant
    "ORDER BY given_up_at LIMIT :most"
)
_WAITING = text("SELECT event_id FROM dead_letters WHERE replayed_at IS NULL ORDER BY given_up_at")
_PAGE = text(
    f"""
    SELECT {_COLUMNS} FROM dead_letters
    WHERE replayed_at IS NULL
        AND (:all OR (given_up_at, event_id) < (CAST(:given_up_at AS timestamptz), CAST(:event_id AS text)))
    ORDER BY given_up_at DESC, event_id DESC LIMIT :most
    """  # noqa: S608 - our constant
)
_SHOW = text(f"SELECT {_COLUMNS} FROM dead_letters WHERE event_id = :event_id")  # noqa: S608 - the same
# Of two who replay one at once, the first to be done says what became of it.
_REPLAYED = text(
    "UPDATE dead_letters SET attempts = attempts + 1, replayed_at = now() "
    "WHERE event_id = :event_id AND replayed_at IS NULL"
)
_FORGET = text("DELETE FROM dead_letters WHERE split_part(subject, '.', 5) = :account")
_FAILED = text(
    "UPDATE dead_letters SET attempts = attempts + 1, error = :error "
    "WHERE event_id = :event_id AND replayed_at IS NULL"
)

Handler = Callable[[IncomingEvent], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One event that was given up, and why."""

    event: IncomingEvent
    error: str
    given_up_at: datetime
    attempts: int
    replayed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Replayer:
    """Who has an event applied again, from where and why; an operator at a terminal has no session."""

    name: str
    session_id: str | None = None
    client_address: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What somebody did, and whether the event was applied by it."""

    event: IncomingEvent
    by: Replayer
    applied: bool


Recorder = Callable[[AsyncConnection, Replay], Awaitable[None]]
"""Writes down a replay, in the transaction that says what became of the letter."""


class DeadLetters:
    """The dead letters of one service; without a `record` nobody is told of replays."""

    def __init__(self, engine: AsyncEngine, record: Recorder | None = None) -> None:
        self._engine = engine
        self._record = record

    async def keep(self, event: IncomingEvent, failure: Exception) -> None:
        """Store one event; once, however often it is given up. Raises when the database is away: then
        the event is not given up."""
        async with self._engine.begin() as connection:
            await connection.execute(
                _KEEP,
                {
                    "event_id": event.event_id,
                    "ce_type": event.ce_type,
                    "subject": event.subject,
                    "headers": json.dumps(dict(event.headers)),
                    "payload": event.payload,
                    "deliveries": event.deliveries,
                    "error": repr(failure)[:ERROR_MAX],
                },
            )

    async def list(self, *, replayed: bool = False) -> Sequence[DeadLetter]:
        """Return what still waits, or everything, the oldest first; at most `LIST_MAX`."""
        async with self._engine.begin() as connection:
            rows = await connection.execute(_LIST, {"replayed": replayed, "most": LIST_MAX})
            return [_to_letter(row) for row in rows]

    async def page(self, *, before: tuple[datetime, str] | None, limit: int) -> Sequence[DeadLetter]:
        """Return a part of what waits, the newest first; `before` is when and under which id the last one of
        the part before was given up."""
        given_up_at, event_id = before or (None, None)
        place = {"all": before is None, "given_up_at": given_up_at, "event_id": event_id}
        async with self._engine.begin() as connection:
            rows = await connection.execute(_PAGE, {**place, "most": limit})
            return [_to_letter(row) for row in rows]

    async def waiting(self) -> Sequence[str]:
        """Return the ids of all that wait, the oldest first."""
        async with self._engine.begin() as connection:
            return (await connection.execute(_WAITING)).scalars().all()

    async def find(self, event_id: str) -> DeadLetter | None:
        """Return one dead letter."""
        async with self._engine.begin() as connection:
            row = (await connection.execute(_SHOW, {"event_id": event_id})).first()
        return None if row is None else _to_letter(row)

    async def forget(self, account: str) -> int:
        """Delete every letter about an account, whatever became of it; return how many.

        The service's role needs DELETE, which `DEAD_LETTERS_PRIVILEGES` does not give.
        """
        async with self._engine.begin() as connection:
            return (await connection.execute(_FORGET, {"account": account})).rowcount

    async def replay(self, letter: DeadLetter, handler: Handler, by: Replayer) -> Exception | None:
        """Hand the event to its handler again; None when it was applied, now or before, else why not.

        It has its own id still, so one that was applied meanwhile has no second effect; and it is recorded
        once that it was.
        """
        if letter.replayed_at is not None:
            return None
        try:
            await handler(letter.event)
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is told and kept
            return failure if await self._note(letter, by, failure) else None
        await self._note(letter, by, None)
        return None

    async def _note(self, letter: DeadLetter, by: Replayer, failure: Exception | None) -> bool:
        """Write down what became of it; False where somebody else had it applied meanwhile."""
        told = {"event_id": letter.event.event_id}
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            if failure is None:
                noted = await connection.execute(_REPLAYED, told)
            else:
                noted = await connection.execute(_FAILED, {**told, "error": repr(failure)[:ERROR_MAX]})
            if noted.rowcount and self._record is not None:
                await self._record(connection, Replay(event=letter.event, by=by, applied=failure is None))
        return noted.rowcount > 0


def _to_letter(row: Row[tuple[object, ...]]) -> DeadLetter:
    headers = dict(row.headers)
    return DeadLetter(
        event=IncomingEvent(
            subject=row.subject,
            event_id=row.event_id,
            time=datetime.fromisoformat(headers["ce-time"]) if "ce-time" in headers else row.given_up_at,
            payload=bytes(row.payload),
            deliveries=row.deliveries,
            headers=headers,
        ),
        error=row.error,
        given_up_at=row.given_up_at,
        attempts=row.attempts,
        replayed_at=row.replayed_at,
    )
