"""The sweeps: how many they take at once, what they ask for, and what they write down."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from ledger.adapters.outbound.memory import MemoryGenerationSettlements, MemoryLedger, MemoryLedgerReader
from ledger.application import expire_lots, expire_reservations
from ledger.application.command_writer import CommandWriter
from ledger.application.expire_lots import Expired, ExpireLotsHandler
from ledger.application.expire_reservations import ExpireReservationsHandler, Swept
from ledger.application.postpone_reservation import PostponeReservation
from ledger.domain import settlement
from ledger.domain.entry import EntryKind
from ledger.domain.identifiers import AccountId
from ledger.domain.reservation import Reservation, ReservationState
from ledger.ports.generation_settlements import Decision, Settlement
from ledger.ports.ledger_reader import EntryFilter
from ledger.ports.unit_of_work import UnitOfWork
from support import LedgerUnderTest

ME = "usr_me"


class CountedStore(MemoryLedger):
    """A store that counts its transactions."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.begun = 0

    @asynccontextmanager
    async def of_system(self) -> AsyncIterator[UnitOfWork]:
        """Count."""
        self.begun += 1
        async with super().of_system() as work:
            yield work


class CountedReader(MemoryLedgerReader):
    """A reader that keeps how many rows it was asked for."""

    def __init__(self, ledger: MemoryLedger) -> None:
        super().__init__(ledger)
        self.pages: list[int] = []

    async def overdue_reservations(self, now: datetime, limit: int) -> list[Reservation]:
        """Keep it."""
        self.pages.append(limit)
        return await super().overdue_reservations(now, limit)

    async def accounts_with_expired_lots(
        self, now: datetime, limit: int, *, after: AccountId | None = None
    ) -> list[AccountId]:
        """Keep it."""
        self.pages.append(limit)
        return await super().accounts_with_expired_lots(now, limit, after=after)


class Sweeps:
    """Both sweeps over a counted store and a counted reader."""

    def __init__(self) -> None:
        self.store = CountedStore()
        self.reader = CountedReader(self.store)
        self.ledger = LedgerUnderTest.over_memory(self.store)
        self.settlements = MemoryGenerationSettlements()
        clock, writer = self.ledger.clock, self.ledger.writer
        self.lots = ExpireLotsHandler(writer, self.reader, clock)
        self.reservations = ExpireReservationsHandler(writer, self.reader, self.settlements, clock)

    async def hold_overdue(self, number: int) -> list[str]:
        """Hold a credit each for so many jobs, of one more than they need, and let their time pass."""
        await self.ledger.give(ME, number + 1)
        held = [await self.ledger.hold(ME, 1, f"gen_{place}", ttl_s=60) for place in range(number)]
        self.ledger.clock.advance(seconds=61)
        self.store.begun = 0
        return held


def swept(*, charged: int = 0, refunded: int = 0, pending: int = 0, failures: tuple[str, ...] = ()) -> Swept:
    """What a sweep says that did nothing else."""
    return Swept(charged=charged, refunded=refunded, pending=pending, failures=failures)


@pytest.mark.parametrize(("accounts", "pages", "transactions"), [(0, 1, 0), (200, 2, 1), (201, 3, 2)])
async def test_expiry_is_booked_two_hundred_accounts_a_transaction(
    accounts: int, pages: int, transactions: int
) -> None:
    """Until none is due; a page that is empty is the last."""
    sweeps = Sweeps()
    for number in range(accounts):
        await sweeps.ledger.give(f"usr_{number:03}", 1, expires_in_s=60)
    sweeps.ledger.clock.advance(seconds=60)
    sweeps.store.begun = 0
    assert await sweeps.lots() == Expired(accounts=accounts, failures=())
    assert (sweeps.reader.pages, sweeps.store.begun) == ([200] * pages, transactions)


async def test_one_sweep_of_lots_ends_after_fifty_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one goes on where it stopped."""
    monkeypatch.setattr(expire_lots, "BATCH_MAX", 1)
    sweeps = Sweeps()
    for number in range(51):
        await sweeps.ledger.give(f"usr_{number:02}", 1, expires_in_s=60)
    sweeps.ledger.clock.advance(seconds=60)
    assert [(await sweeps.lots()).accounts for _ in range(3)] == [50, 1, 0]


async def test_what_expired_is_written_down_as_such(ledger: LedgerUnderTest) -> None:
    """With the reason, of no request, under a transaction of its own."""
    lot = await ledger.give(ME, 10, expires_in_s=60)
    ledger.clock.advance(seconds=60)
    await ledger.expire_lots()
    [line, _] = await ledger.reader.entries(ME, EntryFilter())
    assert (line.kind, line.grant_id, line.reason) == (EntryKind.EXPIRE, lot, "lot expired")
    assert (line.request_id, line.actor, line.movement.breakage) == (None, None, 10)
    await ledger.facts.expect("CreditsGranted", "CreditsExpired")


async def test_expiry_that_leaves_little_is_told_as_a_low_balance() -> None:
    """As a reservation that leaves as little would be."""
    store = MemoryLedger()
    ledger = LedgerUnderTest.over_memory(store)
    writer = CommandWriter(store, ledger.clock, ledger.ids, low_balance=50)
    await ledger.give(ME, 40)
    await ledger.give(ME, 20, expires_in_s=60)
    sweep = ExpireLotsHandler(writer, ledger.reader, ledger.clock)
    ledger.clock.advance(seconds=60)
    assert await sweep() == Expired(accounts=1, failures=())
    assert [type(fact).__name__ for fact in store.facts][2:] == ["CreditsExpired", "BalanceLow"]


@pytest.mark.parametrize(
    ("overdue", "pages", "transactions"), [(0, 1, 0), (99, 1, 1), (100, 2, 1), (101, 2, 2)]
)
async def test_overdue_reservations_are_settled_a_hundred_a_transaction(
    overdue: int, pages: int, transactions: int
) -> None:
    """Until a page is not full; what waits for nothing costs no transaction."""
    sweeps = Sweeps()
    await sweeps.hold_overdue(overdue)
    assert await sweeps.reservations() == swept(refunded=overdue)
    assert (sweeps.reader.pages, sweeps.store.begun) == ([100] * pages, transactions)
    assert await sweeps.ledger.available(ME) == (overdue + 1, 0)


async def test_one_sweep_of_reservations_ends_after_fifty_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one goes on where it stopped."""
    monkeypatch.setattr(expire_reservations, "BATCH_MAX", 1)
    sweeps = Sweeps()
    await sweeps.hold_overdue(51)
    assert [(await sweeps.reservations()).refunded for _ in range(3)] == [50, 1, 0]


async def test_what_can_be_neither_settled_nor_put_off_is_asked_about_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A full page of it ends the sweep: it is the same page again. The next sweep tries anew."""
    monkeypatch.setattr(expire_reservations, "BATCH_MAX", 2)
    sweeps = Sweeps()
    held = await sweeps.hold_overdue(2)

    def broken(*args: object, **words: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(settlement, "refund", broken)
    monkeypatch.setattr(settlement, "extend", broken)
    for sweep in (1, 2):
        failures = tuple(f"{reservation_id}: RuntimeError('a bug')" for reservation_id in held)
        assert await sweeps.reservations() == swept(failures=failures)
        assert sorted(sweeps.settlements.asked) == sorted(["gen_0", "gen_1"] * sweep)
        assert len(sweeps.reader.pages) == 2 * sweep
    assert await sweeps.ledger.available(ME) == (1, 2)
    monkeypatch.undo()
    assert await sweeps.reservations() == swept(refunded=2)


@pytest.mark.parametrize(
    ("verdict", "told", "state", "charged", "reason"),
    [
        (Settlement(decision=Decision.CHARGE, charge_credits=1), swept(charged=1), "charged", 1, None),
        (Settlement(decision=Decision.CHARGE, charge_credits=10), swept(charged=1), "charged", 10, None),
        (
            Settlement(decision=Decision.CHARGE, charge_credits=0),
            swept(charged=1),
            "refunded",
            0,
            "reservation expired",
        ),
        (
            Settlement(decision=Decision.REFUND, charge_credits=7),
            swept(refunded=1),
            "refunded",
            0,
            "reservation expired",
        ),
        (
            Settlement(decision=Decision.REFUND, reason="the provider refused"),
            swept(refunded=1),
            "refunded",
            0,
            "the provider refused",
        ),
        (Settlement(decision=Decision.PENDING, charge_credits=7), swept(pending=1), "held", 0, None),
    ],
)
async def test_a_verdict_becomes_exactly_one_outcome(
    memory_ledger: LedgerUnderTest,
    verdict: Settlement,
    told: Swept,
    state: str,
    charged: int,
    reason: str | None,
) -> None:
    """A charge of nothing gives all back; credits count for a charge only; the reason is kept."""
    ledger = memory_ledger
    await ledger.give(ME, 10)
    held = await ledger.hold(ME, 10, "gen_1", ttl_s=60)
    ledger.settlements.verdicts["gen_1"] = verdict
    ledger.clock.advance(seconds=61)
    assert await ledger.expire_reservations() == told
    found = await ledger.read_reservation(reservation_id=held)
    assert (found.state, found.charged) == (ReservationState(state), charged)
    assert await ledger.available(ME) == ((10 - charged, 0) if state != "held" else (0, 10))
    lines = await ledger.reader.entries(ME, EntryFilter(kinds=[EntryKind.CHARGE, EntryKind.REFUND]))
    assert [(line.reason, line.request_id) for line in lines] == (
        [] if state == "held" else [(reason, f"gen:gen_1:{'charge' if charged else 'expire'}")]
    )


async def test_a_job_that_still_runs_is_asked_about_again_after_ten_minutes(
    memory_ledger: LedgerUnderTest,
) -> None:
    """Not before, and its credits stay held meanwhile."""
    ledger = memory_ledger
    await ledger.give(ME, 10)
    held = await ledger.hold(ME, 10, "gen_1", ttl_s=60)
    ledger.settlements.verdicts["gen_1"] = Settlement(decision=Decision.PENDING)
    ledger.clock.advance(seconds=61)
    for _ in range(3):
        assert await ledger.expire_reservations() == swept(pending=1)
        found = await ledger.read_reservation(reservation_id=held)
        assert found.expires_at == ledger.clock.now() + timedelta(seconds=600)
        ledger.clock.advance(seconds=600)
        assert await ledger.expire_reservations() == swept()
        ledger.clock.advance(seconds=1)
    assert await ledger.available(ME) == (0, 10)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("age_s", "delay_s"),
    [(61, 60), (240, 60), (244, 61), (1_000, 250), (14_396, 3_599), (14_400, 3_600), (14_404, 3_600)],
)
async def test_a_reservation_is_put_off_for_a_quarter_of_its_age(
    ledger: LedgerUnderTest, age_s: int, delay_s: int
) -> None:
    """A minute at least, an hour at most; it is the outcome, and nothing is told of it."""
    await ledger.give(ME, 10)
    held = await ledger.hold(ME, 10, "gen_1", ttl_s=60)
    ledger.clock.advance(seconds=age_s)
    outcome = await ledger.apply(PostponeReservation(reservation_id=held))
    assert (outcome.made_id, outcome.replayed) == (held, False)
    assert outcome.reservation is not None
    assert outcome.reservation.expires_at == ledger.clock.now() + timedelta(seconds=delay_s)
    assert (await ledger.read_reservation(reservation_id=held)) == outcome.reservation
    await ledger.facts.expect("CreditsGranted", "CreditsReserved")
