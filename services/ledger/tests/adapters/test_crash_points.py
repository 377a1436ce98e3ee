"""A process that is killed before or after every statement of a command, and what a retry finds."""

import asyncio
import os
import signal
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from chassis.clock import SystemClock
from chassis.ids import UuidIds, new_id
from chassis.pipeline import Pipeline, Rows, Value
from chassis.postgres import create_engine
from command_makers import grant, reserve
from embedded.testing import ServiceDatabase
from every_command import KINDS
from ledger.adapters.outbound.postgres import write
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from ledger.application.command import Command, Outcome
from ledger.application.command_writer import CommandWriter
from ledger.domain.lot import Category
from postgres_ledgers import broken_invariants

pytestmark = pytest.mark.server

STATEMENTS_MAX = 30


class DyingUnits(PostgresUnitsOfWork):
    """A store whose process is killed at one statement."""

    def __init__(self, engine: Any, *, at: int, after: bool) -> None:
        super().__init__(engine, UuidIds())
        self._hook = _Hook(at=at, after=after)

    def _pipeline(self, connection: psycopg.AsyncConnection) -> Pipeline:
        return _Dying(connection, self._hook)


class _Hook:
    def __init__(self, *, at: int, after: bool) -> None:
        self._at, self._after, self._done = at, after, 0

    def before(self) -> None:
        self._done += 1
        if self._done == self._at and not self._after:
            os.kill(os.getpid(), signal.SIGKILL)

    def after(self) -> None:
        if self._done == self._at and self._after:
            os.kill(os.getpid(), signal.SIGKILL)


class _Dying(Pipeline):
    """A connection that sends each statement by itself, so that the one before is done when it dies."""

    def __init__(self, connection: psycopg.AsyncConnection, hook: _Hook) -> None:
        super().__init__(connection)
        self._hook = hook
        self._waiting: list[tuple[str, Sequence[Value], Rows]] = []

    def send(self, statement: str, values: Sequence[Value] = ()) -> Rows:
        rows: Rows = []
        self._waiting.append((statement, values, rows))
        return rows

    async def answers(self) -> None:
        waiting, self._waiting = self._waiting, []
        for statement, values, rows in waiting:
            self._hook.before()
            answered = super().send(statement, values)
            await super().answers()
            rows += answered
            self._hook.after()


async def apply(units: PostgresUnitsOfWork, commands: list[Command], event_id: str | None) -> list[Any]:
    """Apply one command as an event's, or several as a batch."""
    writer = CommandWriter(units, SystemClock(), UuidIds())
    try:
        if len(commands) == 1:
            return [await writer.apply(commands[0], event_id=event_id)]
        return list(await writer.apply_batch(commands))
    finally:
        await units.close()


def retry(url: str, commands: list[Command], event_id: str | None = None) -> list[Any]:
    """Apply them in this process."""

    async def run() -> list[Any]:
        engine = create_engine(url)
        try:
            return await apply(PostgresUnitsOfWork(engine, UuidIds()), commands, event_id)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def dies(url: str, commands: list[Command], event_id: str | None, *, at: int, after: bool) -> bool:
    """Apply them in a child that is killed at one statement; False when it came through."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(apply(DyingUnits(create_engine(url), at=at, after=after), commands, event_id))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("many", [0, write.MANY], ids=["one by one", "together"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_retry_after_any_crash_finds_one_effect(
    kind: str, many: int, database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed anywhere: nothing or everything is there, and the same request gives the same outcome.

    Whether what is written goes statement by statement, as for large batches, or together.
    """
    monkeypatch.setattr(write, "MANY", many)
    crashes = 0
    for after in (False, True):
        for at in range(1, STATEMENTS_MAX):
            account, payment = new_id("usr"), new_id("pi")
            retry(database.url, [grant(account, 100, Category.PAID, payment_id=payment)])
            (held,) = retry(database.url, [reserve(account, 40)])
            commands = KINDS[kind](account, held.made_id, payment)
            event_id = new_id("evt") if len(commands) == 1 else None
            died = dies(database.url, commands, event_id, at=at, after=after)
            first = retry(database.url, commands, event_id)
            again = retry(database.url, commands)
            _same(first, again)
            if not died:
                break
            crashes += 1
        else:
            pytest.fail("it never came through")
    assert crashes >= 10
    _one_effect(database)
    assert asyncio.run(_violations(database.url)) == {}


def _same(first: list[Outcome | None], again: list[Outcome]) -> None:
    for one, other in zip(first, again, strict=True):
        assert other.replayed
        # None: its event was committed before the crash.
        if one is not None:
            assert one.made_id == other.made_id
            assert getattr(one.refusal, "reason", "") == getattr(other.refusal, "reason", "")


def _one_effect(database: ServiceDatabase) -> None:
    """Each request has one transaction in the journal and told its facts once."""
    with psycopg.connect(database.admin_dsn) as admin:
        twice = admin.execute(
            "SELECT request_id FROM entries WHERE request_id IS NOT NULL "
            "GROUP BY request_id HAVING count(DISTINCT transaction_id) > 1"
        ).fetchall()
        moved = admin.execute("SELECT count(DISTINCT request_id) FROM entries").fetchone()
        told = admin.execute("SELECT count(*) FROM outbox").fetchone()
    assert twice == []
    assert moved is not None
    assert told is not None
    assert told[0] >= moved[0]


async def _violations(url: str) -> dict[str, int]:
    engine = create_engine(url)
    broken = await broken_invariants(engine)
    await engine.dispose()
    return broken
