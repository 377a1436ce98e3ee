"""Settlement: charged once or given back once, line by line."""

from datetime import timedelta

import pytest
from bare_accounts import (
    ME,
    NOW,
    PAID,
    SECOND,
    WRITTEN,
    account,
    hold,
    lot,
    occasion,
    parts,
    rows,
    settle,
    told,
)
from ledger.domain.account import Account
from ledger.domain.budget import BudgetPeriod, BudgetScope
from ledger.domain.errors import ChargeTooLarge
from ledger.domain.facts import CreditsCharged, CreditsRefunded
from ledger.domain.money_back import claw_back
from ledger.domain.reservation import PinnedLine, Reservation, ReservationState
from ledger.domain.settlement import charge, extend, refund

DAY = BudgetScope("key_1", BudgetPeriod.DAY, 100)


def scene(**terms: object) -> tuple[Account, Reservation]:
    """Eight credits are held of ten and ten: five promotional ones, and three paid ones."""
    mine = account(lot("a", 5), lot("b", 10, PAID, **terms))
    return mine, hold(mine, 8, budget_scopes=[DAY])


def used(mine: Account) -> int:
    """What is used of the one budget."""
    [budget] = mine.budgets.values()
    return budget.used


def test_a_charge_takes_in_the_pinned_order_and_returns_the_rest() -> None:
    """A row a category, also for one of which nothing was taken; the budget gets back what returned."""
    mine, held = scene()
    charge(mine, held, 4, occasion())
    settled = mine.reservations[held.reservation_id]
    assert settled == held._replace(
        state=ReservationState.CHARGED,
        charged=4,
        refunded=4,
        lines=(PinnedLine("a", 5, 4), PinnedLine("b", 3, 0)),
        settled_at=WRITTEN,
    )
    assert rows(mine) == [
        f"charge promotional available+1 held-5 revenue+4 {held.reservation_id} gen_1 -> 8/3",
        f"charge paid available+3 held-3 {held.reservation_id} gen_1 -> 11/0",
    ]
    assert mine.facts == [
        CreditsCharged(
            account_id=ME,
            balance=mine.balance(NOW),
            occurred_at=WRITTEN,
            reservation_id=held.reservation_id,
            reference="gen_1",
            charged=4,
            refunded=4,
        )
    ]
    assert [parts(mine.lots[name]) for name in "ab"] == [(1, 0, 4, 0, 0), (10, 0, 0, 0, 0)]
    assert used(mine) == 4
    assert list(mine.changed_budgets) == list(mine.budgets)
    assert list(mine.changed_reservations) == [held.reservation_id]
    assert sorted(mine.changed_lots) == ["a", "b"]


def test_a_whole_charge_returns_nothing() -> None:
    """And leaves the budget as it is."""
    mine, held = scene()
    charge(mine, held, 8, occasion())
    assert [parts(mine.lots[name]) for name in "ab"] == [(0, 0, 5, 0, 0), (7, 0, 3, 0, 0)]
    assert (used(mine), mine.changed_budgets) == (8, {})
    assert (mine.reservations[held.reservation_id].refunded, mine.held) == (0, 0)


def test_no_credit_more_than_was_reserved_is_charged() -> None:
    """Nothing changes, whatever its state is."""
    mine, held = scene()
    with pytest.raises(ChargeTooLarge, match="9 credits were asked for and 8 are reserved"):
        charge(mine, held, 9, occasion())
    assert (rows(mine), told(mine), mine.changed_reservations) == ([], [], {})
    assert mine.reservations[held.reservation_id] is held


def test_a_settled_reservation_is_never_charged_again() -> None:
    """Neither after a charge nor after it was given back."""
    for is_refunded in (False, True):
        mine, held = scene()
        if is_refunded:
            refund(mine, held, even_if_charged=False, occasion=occasion())
        else:
            charge(mine, held, 3, occasion())
        settled = mine.reservations[held.reservation_id]
        settle(mine)
        charge(mine, settled, 8, occasion())
        assert (rows(mine), told(mine), mine.changed_reservations) == ([], [], {})
        assert mine.reservations[held.reservation_id] is settled


def test_a_held_reservation_is_given_back_whole() -> None:
    """To the lots it came from; the budget too."""
    mine, held = scene()
    refund(mine, held, even_if_charged=False, occasion=occasion())
    assert mine.reservations[held.reservation_id] == held._replace(
        state=ReservationState.REFUNDED, charged=0, refunded=8, settled_at=WRITTEN
    )
    assert rows(mine) == [
        f"refund promotional available+5 held-5 {held.reservation_id} gen_1 -> 12/3",
        f"refund paid available+3 held-3 {held.reservation_id} gen_1 -> 15/0",
    ]
    assert mine.facts == [
        CreditsRefunded(
            account_id=ME,
            balance=mine.balance(NOW),
            occurred_at=WRITTEN,
            reservation_id=held.reservation_id,
            reference="gen_1",
            refunded=8,
            reason="because",
        )
    ]
    assert [parts(mine.lots[name]) for name in "ab"] == [(5, 0, 0, 0, 0), (10, 0, 0, 0, 0)]
    assert used(mine) == 0
    assert sorted(mine.changed_lots) == ["a", "b"]


def test_a_charged_one_is_given_back_by_a_persons_word_alone() -> None:
    """What was charged returns, out of the revenue; what had returned stays where it is."""
    mine, held = scene()
    charge(mine, held, 6, occasion())
    charged = mine.reservations[held.reservation_id]
    settle(mine)
    refund(mine, charged, even_if_charged=False, occasion=occasion())
    assert (rows(mine), told(mine)) == ([], [])
    assert mine.reservations[held.reservation_id] is charged
    refund(mine, charged, even_if_charged=True, occasion=occasion())
    assert rows(mine) == [
        f"refund promotional available+5 revenue-5 {held.reservation_id} gen_1 -> 14/0",
        f"refund paid available+1 revenue-1 {held.reservation_id} gen_1 -> 15/0",
    ]
    assert told(mine) == ["CreditsRefunded refunded=6 reason=because -> 15/0/0"]
    refunded = mine.reservations[held.reservation_id]
    assert (refunded.state, refunded.charged, refunded.refunded) == (ReservationState.REFUNDED, 0, 8)
    assert [line.charged for line in refunded.lines] == [0, 0]
    assert [parts(mine.lots[name]) for name in "ab"] == [(5, 0, 0, 0, 0), (10, 0, 0, 0, 0)]
    assert used(mine) == 0


def test_what_was_given_back_is_not_given_back_again() -> None:
    """Not even by a person's word."""
    mine, held = scene()
    refund(mine, held, even_if_charged=False, occasion=occasion())
    refunded = mine.reservations[held.reservation_id]
    settle(mine)
    for even_if_charged in (False, True):
        refund(mine, refunded, even_if_charged=even_if_charged, occasion=occasion())
    assert (rows(mine), told(mine)) == ([], [])
    assert mine.available == 15


def test_what_returns_to_a_lot_that_ended_is_gone_at_once() -> None:
    """The other lot's part stays; a lot that ends a moment later keeps its own."""
    mine, held = scene(expires_at=NOW + SECOND)
    charge(mine, held, 4, occasion(NOW + SECOND))
    assert rows(mine)[-1] == "expire paid available-6 breakage+6 b -> 5/0"
    assert told(mine)[-1] == "CreditsExpired amount=6 -> 5/0/0"
    mine, held = scene(expires_at=NOW + 2 * SECOND)
    charge(mine, held, 4, occasion(NOW + SECOND))
    assert [line.partition(" ")[0] for line in told(mine)] == ["CreditsCharged"]
    assert mine.available == 11


def test_several_lots_that_ended_are_told_as_one() -> None:
    """The sum of them."""
    mine = account(lot("a", 5, expires_at=NOW + SECOND), lot("b", 5, expires_at=NOW + SECOND))
    refund(mine, hold(mine, 8), even_if_charged=False, occasion=occasion(NOW + SECOND))
    assert told(mine)[-1] == "CreditsExpired amount=10 -> 0/0/0"
    assert [parts(mine.lots[name]) for name in "ab"] == [(0, 0, 0, 5, 0), (0, 0, 0, 5, 0)]


def test_what_returns_pays_a_debt() -> None:
    """First of all."""
    mine = account(lot("a", 10, PAID, payment_id="pi_1"))
    held = hold(mine, 10)
    claw_back(mine, "pi_1", cause="refund", target=4, reinstated=False, occasion=occasion())
    assert mine.debt == 4
    settle(mine)
    charge(mine, held, 3, occasion())
    assert rows(mine)[-1] == "clawback paid available-4 debt+4 a -> 3/0"
    assert (mine.debt, parts(mine.lots["a"])) == (0, (3, 0, 3, 0, 4))


def test_a_budget_never_falls_below_nothing() -> None:
    """Its period may have begun anew meanwhile."""
    mine, held = scene()
    [budget] = mine.budgets.values()
    mine.put(budget._replace(used=3))
    refund(mine, held, even_if_charged=False, occasion=occasion())
    assert used(mine) == 0


def test_a_hold_is_kept_for_longer_and_never_for_less() -> None:
    """A settled one stays as it is."""
    mine, held = scene()
    for earlier in (held.expires_at, held.expires_at - SECOND):
        extend(mine, held, earlier)
    assert (mine.reservations[held.reservation_id], mine.changed_reservations) == (held, {})
    later = held.expires_at + timedelta(microseconds=1)
    extend(mine, held, later)
    assert mine.reservations[held.reservation_id] == held._replace(expires_at=later)
    charge(mine, mine.reservations[held.reservation_id], 8, occasion())
    charged = mine.reservations[held.reservation_id]
    extend(mine, charged, later + SECOND)
    assert mine.reservations[held.reservation_id] is charged
