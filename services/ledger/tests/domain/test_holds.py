"""Holds: what is set aside, from which lots, and within which limits."""

from datetime import timedelta

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
    settle,
)
from ledger.domain.account import Account
from ledger.domain.budget import BudgetKey, BudgetPeriod, BudgetScope
from ledger.domain.errors import AccountInDebt, BudgetExceeded, InsufficientCredits
from ledger.domain.facts import CreditsReserved
from ledger.domain.holds import reserve
from ledger.domain.reservation import PinnedLine, Reservation, ReservationState

EXPIRES = NOW + timedelta(hours=1)


def hold(mine: Account, amount: int, *scopes: BudgetScope) -> Reservation:
    """Set credits aside for a job."""
    return reserve(
        mine, amount, reference="gen_1", expires_at=EXPIRES, budget_scopes=scopes, occasion=occasion()
    )


def test_a_hold_is_a_reservation_a_row_a_category_and_a_fact() -> None:
    """Pinned in spending order; the last lot gives only what is missing."""
    mine = account(lot("c", 5, PAID), lot("a", 5), lot("b", 5))
    held = hold(mine, 12)
    assert held == Reservation(
        reservation_id=held.reservation_id,
        account_id=ME,
        reference="gen_1",
        reserved=12,
        charged=0,
        refunded=0,
        state=ReservationState.HELD,
        lines=(PinnedLine("a", 5), PinnedLine("b", 5), PinnedLine("c", 2)),
        budgets=(),
        expires_at=EXPIRES,
        created_at=WRITTEN,
    )
    assert held.reservation_id.startswith("res_")
    assert [line.charged for line in held.lines] == [0, 0, 0]
    assert rows(mine) == [
        f"reserve promotional available-10 held+10 {held.reservation_id} gen_1 -> 5/10",
        f"reserve paid available-2 held+2 {held.reservation_id} gen_1 -> 3/12",
    ]
    assert mine.facts == [
        CreditsReserved(
            account_id=ME,
            balance=mine.balance(NOW),
            occurred_at=WRITTEN,
            reservation_id=held.reservation_id,
            reference="gen_1",
            amount=12,
            expires_at=EXPIRES,
        )
    ]
    assert [parts(mine.lots[name]) for name in "abc"] == [(0, 5, 0, 0, 0), (0, 5, 0, 0, 0), (3, 2, 0, 0, 0)]
    assert mine.new_reservations == {held.reservation_id: held}
    assert sorted(mine.changed_lots) == ["a", "b", "c"]


def test_a_lot_that_is_not_needed_is_not_touched() -> None:
    """Also where the first is just enough."""
    mine = account(lot("a", 5), lot("b", 5))
    assert hold(mine, 5).lines == (PinnedLine("a", 5),)
    assert list(mine.changed_lots) == ["a"]


def test_everything_may_be_held_and_no_credit_more() -> None:
    """What has not begun or has ended does not count; a refusal changes nothing."""
    mine = account(lot("a", 5), lot("b", 9, effective_at=NOW + SECOND), lot("c", 9, expires_at=NOW))
    with pytest.raises(InsufficientCredits) as refused:
        hold(mine, 6)
    assert refused.value.details == {"available": "5", "required": "6"}
    assert (rows(mine), mine.facts, mine.reservations, mine.changed_lots) == ([], [], {}, {})
    hold(mine, 5)


def test_an_account_in_debt_holds_nothing() -> None:
    """Not even with one credit that is owed."""
    mine = account(lot("a", 5))
    mine.debt = 1
    with pytest.raises(AccountInDebt) as refused:
        hold(mine, 1)
    assert refused.value.details == {"debt": "1"}
    assert (rows(mine), mine.reservations) == ([], {})


DAY = BudgetScope("key_1", BudgetPeriod.DAY, 10)
MONTH = BudgetScope("key_1", BudgetPeriod.MONTH, 15)


def test_a_hold_counts_in_each_of_its_budgets() -> None:
    """The reservation remembers them; all of a limit may be used."""
    mine = account(lot("a", 50))
    held = hold(mine, 10, DAY, MONTH)
    day = BudgetKey("key_1", BudgetPeriod.DAY, NOW.date())
    month = BudgetKey("key_1", BudgetPeriod.MONTH, NOW.date().replace(day=1))
    assert held.budgets == (day, month)
    assert {key: budget.used for key, budget in mine.budgets.items()} == {day: 10, month: 10}
    assert mine.changed_budgets == mine.budgets


def test_one_credit_over_a_limit_is_refused() -> None:
    """Naming the budget; the other budget counts nothing either."""
    mine = account(lot("a", 50))
    hold(mine, 4, DAY, MONTH)
    settle(mine)
    with pytest.raises(BudgetExceeded) as refused:
        hold(mine, 12, DAY._replace(limit=100), MONTH)
    assert refused.value.details == {
        "scope": "key_1",
        "period": "month",
        "limit": "15",
        "used": "4",
        "resets_at": "2026-02-01T00:00:00Z",
    }
    assert [budget.used for budget in mine.budgets.values()] == [4, 4]
    assert (rows(mine), mine.changed_budgets, mine.changed_lots) == ([], {}, {})
    hold(mine, 6, DAY)
    assert mine.available == 40


def test_a_budget_for_ever_names_no_day() -> None:
    """It never starts anew."""
    mine = account(lot("a", 50))
    with pytest.raises(BudgetExceeded) as refused:
        hold(mine, 2, BudgetScope("key_1", BudgetPeriod.TOTAL, 1))
    assert refused.value.details["resets_at"] == ""
    assert "anew" not in str(refused.value)
