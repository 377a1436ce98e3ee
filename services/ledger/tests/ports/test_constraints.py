"""What must never be stored is refused by every store, under the same name, and leaves nothing behind."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from embedded.testing import ServiceDatabase
from ledger.adapters.outbound import constraints
from ledger.domain.account import Account
from ledger.domain.budget import Budget, BudgetKey, BudgetPeriod
from ledger.domain.clawback import Clawback
from ledger.domain.entry import EntryKind, Movement
from ledger.domain.lot import Category, Lot
from ledger.domain.occasion import Occasion
from ledger.domain.request import RecordedRequest
from ledger.domain.reservation import PinnedLine, Reservation, ReservationState
from ledger.ports.unit_of_work import ConstraintBroken, Needs, WorkingSet
from support import START, LedgerUnderTest

ME = "usr_me"
ALL = {
    name: table
    for table in (
        constraints.REQUESTS,
        constraints.ENTRIES,
        constraints.RESERVATIONS,
        constraints.LOTS,
        constraints.ACCOUNTS,
        constraints.CLAWBACKS,
        constraints.BUDGETS,
    )
    for name in table
}
LOT = Lot.granted(
    grant_id="grt_1", account_id=ME, category=Category.PAID, amount=10, source="test", created_at=START
)
HELD = Reservation(
    reservation_id="res_1",
    account_id=ME,
    reference="gen_1",
    reserved=10,
    charged=0,
    refunded=0,
    state=ReservationState.HELD,
    lines=(PinnedLine("grt_1", 10),),
    budgets=(),
    expires_at=START,
    created_at=START,
)
CHARGED = HELD.charge(10, START)
CLAWBACK = Clawback("pi_1", ME, granted=10)
BUDGET = Budget(BudgetKey("key:1", BudgetPeriod.TOTAL, START.date()))


def _post(account: Account) -> None:
    occasion = Occasion(
        now=START, written_at=START, new_id=lambda prefix: f"{prefix}_1", transaction_id="txn_1"
    )
    account.post(EntryKind.GRANT, Category.PAID, Movement(available=10, world=-10), occasion)


def value(put: Any) -> Callable[[WorkingSet], None]:
    """A value is put back, and posted."""

    def change(found: WorkingSet) -> None:
        _post(found.accounts[ME])
        found.accounts[ME].put(put)

    return change


def entry(**fields: Any) -> Callable[[WorkingSet], None]:
    """An entry says something else than was posted."""

    def change(found: WorkingSet) -> None:
        _post(found.accounts[ME])
        found.accounts[ME].entries[0] = found.accounts[ME].entries[0]._replace(**fields)

    return change


def book(name: str) -> Callable[[WorkingSet], None]:
    """A book of the account says something else than was posted."""

    def change(found: WorkingSet) -> None:
        _post(found.accounts[ME])
        setattr(found.accounts[ME], name, -1)

    return change


def undecided(found: WorkingSet) -> None:
    """A request made nothing, and was not refused."""
    found.remember(RecordedRequest("req_1", ME, "GrantCredits", "2:", None, None, START))


BREAKING: dict[str, Callable[[WorkingSet], None]] = {
    "requests_check": undecided,
    "entries_balance_after_check": entry(balance_after=-1),
    "entries_held_after_check": entry(held_after=-1),
    "entries_sequence_check": entry(sequence=0),
    "entries_sum_to_zero": entry(movement=Movement(available=10, world=-9)),
    "reservations_charged_check": value(CHARGED._replace(charged=-1, refunded=11)),
    "reservations_check": value(HELD._replace(settled_at=START)),
    "reservations_check1": value(CHARGED._replace(charged=9)),
    "reservations_lines_match": value(HELD._replace(lines=())),
    "reservations_refunded_check": value(CHARGED._replace(charged=11, refunded=-1)),
    "reservations_reserved_check": value(HELD._replace(reserved=0)),
    "lots_add_up": value(LOT._replace(remaining=9)),
    "lots_amount_check": value(LOT._replace(amount=0, remaining=0)),
    "lots_clawed_back_check": value(LOT._replace(remaining=11, clawed_back=-1)),
    "lots_expired_check": value(LOT._replace(remaining=11, expired=-1)),
    "lots_held_check": value(LOT._replace(remaining=11, held=-1)),
    "lots_remaining_check": value(LOT._replace(remaining=-1, held=11)),
    "lots_spent_check": value(LOT._replace(remaining=11, spent=-1)),
    "accounts_available_check": book("available"),
    "accounts_debt_check": book("debt"),
    "accounts_held_check": book("held"),
    "clawbacks_check": value(CLAWBACK._replace(taken=11)),
    "clawbacks_from_own_lot_check": value(CLAWBACK._replace(from_own_lot=-1)),
    "clawbacks_granted_check": value(CLAWBACK._replace(granted=-1, taken=-2)),
    "clawbacks_taken_check": value(CLAWBACK._replace(taken=-1)),
    "budgets_used_check": value(BUDGET._replace(used=-1)),
}


async def write(ledger: LedgerUnderTest, change: Callable[[WorkingSet], None]) -> None:
    """Change what was found, and leave."""
    async with ledger.units.of_system() as work:
        found = await work.load(Needs(openings={ME}))
        change(found)
        await work.save(found)


@pytest.mark.exhaustive
@pytest.mark.parametrize("constraint", BREAKING)
async def test_what_must_never_be_stored_is_refused(any_ledger: LedgerUnderTest, constraint: str) -> None:
    """By its name; nothing that was saved with it is there."""
    with pytest.raises(ConstraintBroken) as broken:
        await write(any_ledger, BREAKING[constraint])
    assert broken.value.constraint == constraint
    balance = await any_ledger.reader.balance(ME, START)
    assert (balance.available, balance.held, balance.debt, balance.sequence) == (0, 0, 0, 0)
    assert await any_ledger.reader.reservation(reference="gen_1") is None
    assert await any_ledger.outbox() == []


@pytest.mark.parametrize(
    "stored", [LOT, HELD, CHARGED, CLAWBACK, BUDGET], ids=lambda kept: type(kept).__name__
)
async def test_what_may_be_stored_is_stored(any_ledger: LedgerUnderTest, stored: Any) -> None:
    """What the values above break is all that is wrong with them."""
    await write(any_ledger, value(stored))
    assert (await any_ledger.reader.balance(ME, START)).sequence == 1


def test_every_constraint_is_broken_here() -> None:
    """Each by one value."""
    assert BREAKING.keys() == ALL.keys()


def test_the_database_has_the_same_constraints(database: ServiceDatabase) -> None:
    """Those of the tables that units of work write; the types of the values hold the others."""
    with psycopg.connect(database.admin_dsn) as admin:
        rows = admin.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = ANY(ARRAY["
            "'accounts', 'lots', 'reservations', 'requests', 'entries', 'clawbacks', 'budgets']::regclass[])"
        ).fetchall()
    assert {name for (name,) in rows} == ALL.keys() | constraints.BY_TYPE
