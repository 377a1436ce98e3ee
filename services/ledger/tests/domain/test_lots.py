"""Lots: from when and until when they are good, and which one goes first."""

from datetime import timedelta

import pytest
from bare_accounts import NOW, PAID, PROMOTIONAL, SECOND, SUBSCRIPTION, lot, parts
from ledger.domain.lot import Lot, in_spending_order, in_taking_order


def test_a_lot_begins_at_its_moment() -> None:
    """Not a moment earlier; one that was for at once stays so for a clock that is behind."""
    later = lot("grt_1", 10, effective_at=NOW + SECOND)
    assert not later.is_effective(NOW)
    assert later.is_effective(NOW + SECOND)
    at_once = lot("grt_2", 10, effective_at=NOW, created_at=NOW)
    assert at_once.is_effective(NOW - SECOND)


def test_a_lot_ends_at_its_moment() -> None:
    """Not a moment later; most never end."""
    ending = lot("grt_1", 10, expires_at=NOW)
    assert not ending.is_expired(NOW - SECOND)
    assert ending.is_expired(NOW)
    assert not lot("grt_2", 10).is_expired(NOW + timedelta(days=9999))


def test_what_may_be_spent_has_begun_has_not_ended_and_is_there() -> None:
    """Each of the three alone is not enough; the last credit counts."""
    assert lot("grt_1", 1).is_spendable(NOW)
    assert not lot("grt_1", 10, remaining=0).is_spendable(NOW)
    assert not lot("grt_1", 10, effective_at=NOW + SECOND).is_spendable(NOW)
    assert not lot("grt_1", 10, expires_at=NOW).is_spendable(NOW)


def test_a_fresh_lot_is_all_there() -> None:
    """Nothing of it is anywhere else, it goes when others go, and no payment is behind it."""
    fresh = lot("grt_1", 10)
    assert parts(fresh) == (10, 0, 0, 0, 0)
    assert (fresh.priority, fresh.expires_at, fresh.payment_id) == (100, None, None)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (lot("b", 1, PAID, priority=99), lot("a", 1, SUBSCRIPTION, expires_at=NOW + SECOND)),
        (lot("b", 1, PAID, expires_at=NOW + SECOND), lot("a", 1, SUBSCRIPTION)),
        (lot("b", 1, PAID, expires_at=NOW + SECOND), lot("a", 1, expires_at=NOW + 2 * SECOND)),
        (lot("b", 1, SUBSCRIPTION), lot("a", 1, PROMOTIONAL, created_at=NOW - SECOND)),
        (lot("b", 1, PROMOTIONAL), lot("a", 1, PAID, created_at=NOW - SECOND)),
        (lot("b", 1), lot("a", 1, created_at=NOW + SECOND)),
        (lot("a", 1), lot("b", 1)),
    ],
    ids=["priority", "ends at all", "ends first", "subscription", "promotional", "age", "id"],
)
def test_who_goes_first(first: Lot, second: Lot) -> None:
    """Priority, then the end, then the category, then age, then the id; for spending and for taking."""
    for order in ([first, second], [second, first]):
        assert in_spending_order(order, NOW) == [first, second]
        assert in_taking_order(order) == [first, second]


def test_only_what_may_be_spent_is_in_spending_order() -> None:
    """Taking also finds what has not begun, and what has ended but is not booked."""
    later, over = lot("c", 1, effective_at=NOW + SECOND), lot("b", 1, expires_at=NOW)
    empty, good = lot("a", 1, remaining=0), lot("d", 1)
    lots = [later, over, empty, good]
    assert in_spending_order(lots, NOW) == [good]
    assert in_taking_order(lots) == [over, later, good]
