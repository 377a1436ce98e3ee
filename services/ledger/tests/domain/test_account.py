"""The account: what it shows, and what a transaction has to write of it."""

from datetime import UTC, datetime

import pytest
from bare_accounts import (
    ME,
    NOW,
    PAID,
    PROMOTIONAL,
    SECOND,
    SUBSCRIPTION,
    WRITTEN,
    account,
    hold,
    lot,
    occasion,
    rows,
    settle,
)
from ledger.domain.account import Account
from ledger.domain.balance import Balance
from ledger.domain.budget import BudgetKey, BudgetPeriod
from ledger.domain.entry import EntryKind, Movement
from ledger.domain.reservation import PinnedLine


def test_a_fresh_account_has_nothing_and_nothing_to_write() -> None:
    """Zeros, before every other time."""
    fresh = Account(ME)
    assert fresh.balance(NOW) == Balance(ME)
    assert fresh.effective(NOW) == 0
    assert not fresh.is_changed
    assert fresh.updated_at == datetime.min.replace(tzinfo=UTC)


def test_a_balance_says_what_may_be_spent_by_category_and_what_comes_later() -> None:
    """What ended is neither; the next end and the next beginning are the nearest ones."""
    mine = account(
        lot("a", 1, SUBSCRIPTION, expires_at=NOW + 3 * SECOND),
        lot("b", 2, PROMOTIONAL, expires_at=NOW + 2 * SECOND),
        lot("c", 4, PAID),
        lot("d", 8, PAID, effective_at=NOW + 5 * SECOND),
        lot("e", 16, PAID, effective_at=NOW + 4 * SECOND),
        lot("f", 32, PAID, expires_at=NOW),
        lot("g", 64, SUBSCRIPTION, expires_at=NOW + 4 * SECOND),
    )
    assert mine.balance(NOW) == Balance(
        account_id=ME,
        available=71,
        by_category={SUBSCRIPTION: 65, PROMOTIONAL: 2, PAID: 4},
        next_expiry=NOW + 2 * SECOND,
        sequence=7,
        upcoming=24,
        next_effective=NOW + 4 * SECOND,
    )
    later = mine.balance(NOW + 4 * SECOND)
    assert (later.available, later.by_category, later.upcoming) == (20, {PAID: 20}, 8)
    assert (later.next_expiry, later.next_effective) == (None, NOW + 5 * SECOND)


def test_an_empty_lot_announces_nothing() -> None:
    """Neither its end nor its beginning concerns anybody."""
    mine = account(lot("a", 5, expires_at=NOW + SECOND))
    hold(mine, 5)
    shown = mine.balance(NOW)
    assert (shown.available, shown.held, shown.next_expiry) == (0, 5, None)


def test_a_balance_follows_every_change_and_the_time() -> None:
    """What was shown before is not shown again when it is another one by now."""
    mine = account(lot("a", 5, expires_at=NOW + SECOND))
    assert mine.balance(NOW) is mine.balance(NOW)
    assert mine.balance(NOW + SECOND).available == 0
    assert mine.balance(NOW).available == 5
    hold(mine, 2)
    assert (mine.balance(NOW).available, mine.balance(NOW).held) == (3, 2)


def test_what_is_effective_is_the_book_without_what_has_not_begun() -> None:
    """What expired stays in until it is booked."""
    mine = account(lot("a", 5, effective_at=NOW + SECOND), lot("b", 7, expires_at=NOW), lot("c", 9))
    assert mine.effective(NOW) == 16
    # What was for at once stays so for a clock that is behind.
    assert mine.effective(NOW - SECOND) == 16
    assert (mine.balance(NOW - SECOND).available, mine.balance(NOW - SECOND).upcoming) == (16, 5)
    assert mine.effective(NOW + SECOND) == 21


def test_a_new_lot_is_written_as_new_and_an_old_one_as_changed() -> None:
    """Never as both."""
    mine = account(lot("old", 5))
    fresh = lot("new", 5)
    mine.put(fresh)
    moved, changed = fresh.hold(1), mine.lots["old"].hold(2)
    mine.put(moved)
    mine.put(changed)
    assert mine.lots == {"old": changed, "new": moved}
    assert (mine.new_lots, mine.changed_lots) == ({"new": moved}, {"old": changed})
    assert mine.is_changed


def test_a_new_reservation_is_written_as_new_and_an_old_one_as_changed() -> None:
    """Never as both, however often it is put."""
    mine = account(lot("a", 5))
    held = hold(mine, 5)
    changed = held._replace(expires_at=NOW)
    mine.put(changed)
    assert mine.reservations == {held.reservation_id: changed}
    assert (mine.new_reservations, mine.changed_reservations) == ({}, {held.reservation_id: changed})
    assert mine.is_changed
    fresh = held._replace(reservation_id="res_9")
    mine.put(fresh)
    mine.put(fresh)
    assert mine.new_reservations == {"res_9": fresh}
    assert mine.changed_reservations == {held.reservation_id: changed}


def test_a_payments_clawback_knows_what_was_granted_for_it() -> None:
    """Of that payment alone; it is kept, and written, once it is put."""
    mine = account(lot("a", 5, PAID, payment_id="pi_1"), lot("b", 7, PAID, payment_id="pi_2"), lot("c", 9))
    clawback = mine.clawback("pi_1")
    assert (clawback.payment_id, clawback.account_id, clawback.granted, clawback.taken) == ("pi_1", ME, 5, 0)
    assert not mine.is_changed
    mine.put(clawback)
    assert mine.changed_clawbacks == {"pi_1": clawback}
    assert mine.is_changed
    settle(mine)
    assert mine.clawback("pi_1") is clawback
    assert not mine.is_changed


def test_a_budget_is_counted_from_nothing_and_kept() -> None:
    """One for each name, period and first day."""
    mine = Account(ME)
    key = BudgetKey("key_1", BudgetPeriod.DAY, NOW.date())
    budget = mine.budget(key)
    assert (budget.key, budget.used) == (key, 0)
    mine.put(budget.use(3))
    assert mine.budget(key).used == 3
    assert mine.changed_budgets == {key: mine.budget(key)}
    assert mine.budget(key._replace(scope="key_2")).used == 0


def test_lines_add_up_by_the_category_of_their_lot() -> None:
    """Two lots of one category are one amount."""
    mine = account(lot("a", 5, PAID), lot("b", 5, PAID), lot("c", 5))
    lines = [(PinnedLine(name, 5), amount) for name, amount in (("a", 1), ("b", 2), ("c", 4))]
    assert mine.by_category(lines) == {PAID: 3, PROMOTIONAL: 4}


def test_a_row_carries_everything_of_its_occasion() -> None:
    """Who, why, when and by which request; the account is as the row says."""
    mine = Account(ME)
    at = occasion(metadata={"a": "b"})
    mine.post(
        EntryKind.ADJUST,
        PAID,
        Movement(available=7, held=2, debt=-9),
        at,
        grant_id="grt_1",
        payment_id="pi_1",
        reservation_id="res_1",
        reference="gen_1",
    )
    [entry] = mine.entries
    assert entry._asdict() == {
        "entry_id": "ent_new1",
        "transaction_id": "txn_1",
        "account_id": ME,
        "sequence": 1,
        "kind": EntryKind.ADJUST,
        "category": PAID,
        "movement": Movement(available=7, held=2, debt=-9),
        "balance_after": 7,
        "held_after": 2,
        "request_id": "req_1",
        "grant_id": "grt_1",
        "reservation_id": "res_1",
        "reference": "gen_1",
        "payment_id": "pi_1",
        "actor": "usr_admin",
        "reason": "because",
        "created_at": WRITTEN,
        "metadata": {"a": "b"},
    }
    assert (mine.available, mine.held, mine.debt, mine.sequence) == (7, 2, 9, 1)
    assert mine.updated_at == WRITTEN
    mine.post(EntryKind.ADJUST, PAID, Movement(available=-7, held=-2, debt=9), occasion())
    assert (mine.available, mine.held, mine.debt, mine.sequence) == (0, 0, 0, 2)


@pytest.mark.parametrize(
    "movement", [Movement(available=1), Movement(available=-2, held=1), Movement(world=1)]
)
def test_no_movement_makes_or_loses_credits(movement: Movement) -> None:
    """Nothing is written of one that would."""
    mine = account(lot("a", 5))
    with pytest.raises(ValueError, match="must sum to zero"):
        mine.post(EntryKind.ADJUST, PAID, movement, occasion())
    assert rows(mine) == []
    assert (mine.available, mine.sequence) == (5, 1)
