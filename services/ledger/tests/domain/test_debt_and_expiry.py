"""Debts and ends: what is booked, and that nothing is booked of nothing."""

import pytest
from bare_accounts import (
    ME,
    NOW,
    PAID,
    SECOND,
    WRITTEN,
    account,
    lot,
    occasion,
    parts,
    rows,
    told,
)
from ledger.domain.debt import forgive, owe, pay_debt
from ledger.domain.entry import EntryKind
from ledger.domain.expiry import expire_lot, expire_lots, tell_expired
from ledger.domain.facts import CreditsExpired


def test_nothing_is_owed_of_nothing() -> None:
    """One credit is something."""
    mine = account()
    owe(mine, 0, occasion(), payment_id="pi_1")
    assert (rows(mine), mine.debt) == ([], 0)
    owe(mine, 1, occasion(), payment_id="pi_1")
    assert rows(mine) == ["clawback paid world+1 debt-1 pi_1 -> 0/0"]
    assert mine.debt == 1


@pytest.mark.parametrize(("debt", "amount", "cancelled"), [(0, 5, 0), (5, 0, 0), (5, 3, 3), (3, 5, 3)])
def test_no_more_is_cancelled_than_is_owed_or_asked_for(debt: int, amount: int, cancelled: int) -> None:
    """And of nothing there is no row."""
    mine = account()
    mine.debt = debt
    assert forgive(mine, amount, occasion(), payment_id="pi_1") == cancelled
    assert mine.debt == debt - cancelled
    expected = [f"clawback paid world-{cancelled} debt+{cancelled} pi_1 -> 0/0"] if cancelled else []
    assert rows(mine) == expected


@pytest.mark.parametrize(("available", "debt"), [(0, 5), (5, 0)])
def test_a_debt_is_paid_where_there_is_one_and_something_to_pay_with(available: int, debt: int) -> None:
    """Otherwise nothing happens."""
    mine = account(*([lot("a", available)] if available else []))
    mine.debt = debt
    pay_debt(mine, occasion())
    assert (rows(mine), mine.available, mine.debt) == ([], available, debt)


def test_one_credit_pays_a_debt_of_one() -> None:
    """Neither is too little."""
    mine = account(lot("a", 1))
    mine.debt = 1
    pay_debt(mine, occasion())
    assert (mine.available, mine.debt) == (0, 0)


def test_a_debt_is_paid_in_taking_order_and_no_further() -> None:
    """What has not begun pays too: it would be spent first otherwise."""
    mine = account(lot("b", 5, effective_at=NOW + SECOND), lot("a", 5), lot("c", 5, PAID))
    mine.debt = 7
    pay_debt(mine, occasion())
    assert rows(mine) == [
        "clawback promotional available-5 debt+5 a -> 10/0",
        "clawback promotional available-2 debt+2 b -> 8/0",
    ]
    assert mine.debt == 0
    assert parts(mine.lots["c"]) == (5, 0, 0, 0, 0)


def test_lots_that_ended_are_booked_and_told_as_one() -> None:
    """Those that were empty, and those that go on, are left alone."""
    mine = account(
        lot("a", 3, expires_at=NOW),
        lot("b", 4, PAID, expires_at=NOW),
        lot("c", 5, expires_at=NOW + SECOND),
        lot("d", 6),
    )
    assert expire_lots(mine, occasion()) == 7
    assert rows(mine) == [
        "expire promotional available-3 breakage+3 a -> 15/0",
        "expire paid available-4 breakage+4 b -> 11/0",
    ]
    assert mine.facts == [
        CreditsExpired(account_id=ME, balance=mine.balance(NOW), occurred_at=WRITTEN, amount=7)
    ]
    assert parts(mine.lots["a"]) == (0, 0, 0, 3, 0)
    assert sorted(mine.changed_lots) == ["a", "b"]
    assert expire_lots(mine, occasion()) == 0
    assert (len(rows(mine)), len(told(mine))) == (2, 1)


def test_an_empty_lot_is_not_booked() -> None:
    """Neither touched; the last credit is."""
    mine = account(lot("a", 1))
    assert expire_lot(mine, mine.lots["a"], occasion(), kind=EntryKind.RESET) == 1
    assert rows(mine) == ["reset promotional available-1 breakage+1 a -> 0/0"]
    mine.changed_lots.clear()
    assert expire_lot(mine, mine.lots["a"], occasion()) == 0
    assert (len(rows(mine)), mine.changed_lots) == (1, {})


def test_only_what_is_gone_is_told() -> None:
    """One credit is."""
    mine = account()
    assert tell_expired(mine, 0, occasion()) == 0
    assert told(mine) == []
    assert tell_expired(mine, 1, occasion()) == 1
    assert told(mine) == ["CreditsExpired amount=1 -> 0/0/0"]
