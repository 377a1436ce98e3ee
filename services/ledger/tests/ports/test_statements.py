"""Statements over every store: dense, consistent, and sealed by the hashes of the chain."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from chassis.postgres import create_engine
from command_makers import charge, claw_back
from ledger.adapters.inbound.grpc_statements import get_statement
from ledger.adapters.outbound.postgres.sealing import PostgresJournalSealing
from ledger.adapters.outbound.postgres.statements import PostgresStatements
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from ledger.application.adjust_balance import AdjustBalance
from ledger.application.read_statement import ReadStatement, ReadStatementHandler
from ledger.application.seal_journal import SealJournalHandler
from ledger.domain.chain import GENESIS, journal_line, next_hash
from ledger.domain.errors import InvalidField
from ledger.domain.lot import Category
from ledger.ports.statements import StatementClosing, StatementLine, StatementOpening, Statements
from support import START, CountingIds, LedgerUnderTest
from tintype.ledger.v1 import ledger_pb2 as pb

ME = "usr_me"


@dataclass
class Books:
    """A ledger, its statements, and its sealer."""

    ledger: LedgerUnderTest
    statements: Statements
    seal: Callable[[], Awaitable[object]]

    async def read(
        self, *, since_h: float | None = None, until_h: float | None = None
    ) -> tuple[StatementOpening, list[StatementLine], StatementClosing]:
        """Read my statement; bounds are hours after the start."""
        parts = [
            part
            async for part in ReadStatementHandler(self.statements)(
                ReadStatement(
                    account_id=ME,
                    since=None if since_h is None else START + timedelta(hours=since_h),
                    until=None if until_h is None else START + timedelta(hours=until_h),
                )
            )
        ]
        opening, *lines, closing = parts
        assert isinstance(opening, StatementOpening)
        assert isinstance(closing, StatementClosing)
        return opening, [line for line in lines if isinstance(line, StatementLine)], closing

    async def happen(self) -> None:
        """Five entries, an hour apart: 100 granted, 30 held, 20 of them taken, 50 bought, 5 corrected."""
        await self.ledger.give(ME, 100)
        self.ledger.clock.advance(hours=1)
        reservation_id = await self.ledger.hold(ME, 30, "gen_1")
        self.ledger.clock.advance(hours=1)
        await self.ledger.apply(charge(reservation_id, 20, "gen_1"))
        self.ledger.clock.advance(hours=1)
        await self.ledger.give(ME, 50, Category.PAID, payment_id="pi_1")
        self.ledger.clock.advance(hours=1)
        await self.ledger.give("usr_other", 7)
        await self.ledger.apply(
            AdjustBalance(
                request_id="adjust:1",
                account_id=ME,
                amount=5,
                actor="usr_admin",
                reason="Entschuldigung für “alles”",
                metadata={"ticket": "T-1"},
            )
        )


@pytest.fixture(params=["memory", "postgres"])
async def books(request: pytest.FixtureRequest) -> AsyncIterator[Books]:
    """The same over each store."""
    if request.param == "memory":
        ledger: LedgerUnderTest = request.getfixturevalue("memory_ledger")

        async def sealed() -> None:
            """Memory is sealed as it is written."""

        yield Books(ledger, ledger.statements, sealed)
        return
    engine = create_engine(request.getfixturevalue("service_database")("ledger").url)
    ids = CountingIds()
    units = PostgresUnitsOfWork(engine, ids)
    statements = PostgresStatements(engine, page_lines=2)
    ledger = LedgerUnderTest.over_postgres(engine, units, ids, statements=statements)
    sealer = SealJournalHandler(PostgresJournalSealing(engine))
    yield Books(ledger, statements, sealer)
    await units.close()
    await engine.dispose()


async def test_the_whole_journal(books: Books) -> None:
    """Every entry once, in order, each sealed over the one before; the ends add up."""
    await books.happen()
    await books.seal()
    opening, lines, closing = await books.read()
    assert (opening.sequence, opening.available, opening.hash) == (0, 0, GENESIS)
    assert [line.entry.sequence for line in lines] == list(range(1, len(lines) + 1))
    made = GENESIS
    for line in lines:
        made = next_hash(made, journal_line(line.entry))
        assert line.hash == made
    assert (closing.hash, closing.lines, closing.unsealed) == (made, len(lines), 0)
    balance = await books.ledger.reader.balance(ME, books.ledger.clock.now())
    assert (closing.available, closing.held, closing.debt) == (135, 0, 0)
    assert (closing.available, closing.sequence) == (balance.available, balance.sequence)


async def test_ranges_meet(books: Books) -> None:
    """A range has its start and not its end; the next one opens where it closed."""
    await books.happen()
    await books.seal()
    _, first, closed = await books.read(until_h=2)
    opening, second, _ = await books.read(since_h=2)
    whole = (await books.read())[1]
    assert first + second == whole
    assert (closed.available, closed.held, closed.sequence) == (70, 30, 2)
    assert (opening.available, opening.held, opening.sequence) == (70, 30, 2)
    assert opening.hash == closed.hash == first[-1].hash
    assert second[0].entry.created_at == START + timedelta(hours=2)


async def test_an_empty_range_closes_as_it_opens(books: Books) -> None:
    """Before the first entry there is nothing; after the last one there is the balance."""
    await books.happen()
    await books.seal()
    before, none, nothing = await books.read(until_h=0)
    assert (before.sequence, none, nothing.sequence, nothing.hash) == (0, [], 0, GENESIS)
    after, none, closing = await books.read(since_h=9)
    assert (after.available, none, closing.available, closing.lines) == (135, [], 135, 0)
    assert after.hash == closing.hash


async def test_balances_as_they_were(books: Books) -> None:
    """At each hour what was there then, by category; nothing before the first entry."""
    await books.happen()
    was = [
        await books.statements.balance_as_of(ME, START + timedelta(hours=hours)) for hours in (-1, 0, 1, 2, 3)
    ]
    assert [(one.available, one.held, one.sequence) for one in was[:3]] == [
        (0, 0, 0),
        (100, 0, 1),
        (70, 30, 2),
    ]
    assert (was[3].available, was[3].held) == (80, 0)
    assert was[4].available == 130
    assert was[4].by_category == {Category.PROMOTIONAL: 80, Category.PAID: 50}


async def test_a_range_that_ends_as_it_begins_is_empty(books: Books) -> None:
    """A range of an hour has what that hour has."""
    await books.happen()
    await books.seal()
    opening, none, closing = await books.read(since_h=2, until_h=2)
    assert (opening.sequence, none, closing.sequence, closing.lines) == (2, [], 2, 0)
    _, lines, closing = await books.read(since_h=2, until_h=3)
    assert [line.entry.sequence for line in lines] == list(range(3, 3 + closing.lines))
    assert closing.lines > 0


async def test_a_debt_is_in_the_closing(books: Books) -> None:
    """As it is in the balance: what was owed before the range, what came to it, and what was paid."""
    ledger = books.ledger
    await ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    await ledger.apply(charge(await ledger.hold(ME, 60, "gen_1"), 60, "gen_1"))
    ledger.clock.advance(hours=1)
    await ledger.apply(claw_back(ME, "pi_1", "refund", 100))
    ledger.clock.advance(hours=1)
    await ledger.give(ME, 20)
    owed = []
    for since_h, until_h in ((0, 1), (1, 2), (2, 3), (0, 3)):
        opening, _, closing = await books.read(since_h=since_h, until_h=until_h)
        owed.append((opening.debt, closing.debt, closing.available))
    assert owed == [(0, 0, 40), (0, 60, 0), (60, 40, 0), (0, 40, 0)]
    assert await ledger.state(ME) == (0, 0, 40)


async def test_bad_bounds_are_refused(books: Books) -> None:
    """A statement has an account and does not end before it begins."""
    with pytest.raises(InvalidField, match="from: must not be after to") as refused:
        await books.read(since_h=2, until_h=1)
    assert refused.value.field == "from"
    with pytest.raises(InvalidField, match="account_id: is required") as refused:
        await anext(ReadStatementHandler(books.statements)(ReadStatement(account_id="")))
    assert refused.value.field == "account_id"


async def test_as_messages(books: Books) -> None:
    """An opening, the lines with everything that is hashed, a closing."""
    await books.happen()
    await books.seal()
    request = pb.GetStatementRequest(account_id=ME)
    request.to.FromDatetime(START + timedelta(hours=9))
    answers = [one async for one in get_statement(ReadStatementHandler(books.statements), request)]
    assert [one.WhichOneof("part") for one in (answers[0], answers[1], answers[-1])] == [
        "opening",
        "line",
        "closing",
    ]
    assert (answers[0].opening.hash, answers[0].opening.to.seconds) == ("0" * 64, request.to.seconds)
    last = answers[-2].line
    assert (last.actor, last.reason, dict(last.metadata)) == (
        "usr_admin",
        "Entschuldigung für “alles”",
        {"ticket": "T-1"},
    )
    assert answers[-1].closing.hash == last.hash
    assert last.available + last.adjustment == 0
