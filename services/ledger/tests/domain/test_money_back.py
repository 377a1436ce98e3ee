"""Money going back: from which credits it is taken, and to where it returns, row by row."""

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
from ledger.domain.clawback import Clawback
from ledger.domain.grants import grant
from ledger.domain.money_back import claw_back
from ledger.domain.settlement import charge


def take_back(mine: Account, target: int, *, cause: str = "refund", reinstated: bool = False) -> Clawback:
    """What a cause takes in all of the one payment."""
    claw_back(mine, "pi_1", cause=cause, target=target, reinstated=reinstated, occasion=occasion())
    return mine.clawbacks["pi_1"]


def test_the_payments_own_credits_go_first_then_others_in_their_order() -> None:
    """And what is in neither is owed. The lot remembers what of it was taken."""
    mine = account(lot("first", 5, priority=1), lot("own", 10, PAID, payment_id="pi_1"))
    charge(mine, hold(mine, 8), 8, occasion())
    settle(mine)
    clawback = take_back(mine, 10)
    # Five of the other lot and three of its own were spent; seven are left.
    assert rows(mine) == [
        "clawback paid available-7 world+7 own pi_1 -> 0/0",
        "clawback paid world+3 debt-3 pi_1 -> 0/0",
    ]
    assert told(mine) == ["CreditsClawedBack amount=10 taken=10 payment_id=pi_1 reason=because -> 0/0/3"]
    assert (clawback.taken, clawback.from_own_lot) == (10, 7)
    assert parts(mine.lots["own"]) == (0, 0, 3, 0, 7)


def test_only_what_is_missing_comes_from_other_lots() -> None:
    """A lot that never was of this payment stays until its own is empty."""
    mine = account(lot("other", 50, priority=1), lot("own", 10, PAID, payment_id="pi_1"))
    clawback = take_back(mine, 4)
    assert rows(mine) == ["clawback paid available-4 world+4 own pi_1 -> 56/0"]
    assert clawback.from_own_lot == 4
    mine.put(mine.lots["own"]._replace(remaining=0, spent=6))
    mine.available = 50
    settle(mine)
    clawback = take_back(mine, 9)
    assert rows(mine) == ["clawback promotional available-5 world+5 other pi_1 -> 45/0"]
    assert (clawback.taken, clawback.from_own_lot) == (9, 4)
    assert list(mine.changed_lots) == ["other"]


def test_the_same_news_twice_takes_once() -> None:
    """Nothing is posted and nothing told of what is in force already."""
    mine = account(lot("own", 10, PAID, payment_id="pi_1"))
    take_back(mine, 4)
    settle(mine)
    for target in (4, 3, 0):
        assert take_back(mine, target).taken == 4
    assert (rows(mine), told(mine)) == ([], [])


def test_what_expired_is_booked_before_anything_is_taken() -> None:
    """Credits that are gone pay no clawback: they would come back as new ones."""
    mine = account(lot("own", 10, PAID, payment_id="pi_1", expires_at=NOW), lot("other", 3))
    take_back(mine, 5)
    assert rows(mine) == [
        "expire paid available-10 breakage+10 own -> 3/0",
        "clawback promotional available-3 world+3 other pi_1 -> 0/0",
        "clawback paid world+2 debt-2 pi_1 -> 0/0",
    ]


def test_what_is_given_back_returns_to_where_it_was_taken() -> None:
    """Into the payment's own lot, as far as it was taken there, and as the same category."""
    mine = account(lot("own", 10, PAID, payment_id="pi_1"))
    take_back(mine, 10, cause="dispute:dp_1")
    settle(mine)
    clawback = take_back(mine, 10, cause="dispute:dp_1", reinstated=True)
    assert rows(mine) == ["clawback paid available+10 world-10 own pi_1 -> 10/0"]
    assert told(mine) == ["CreditsClawedBack amount=-10 taken=0 payment_id=pi_1 reason=because -> 10/0/0"]
    assert (clawback.taken, clawback.from_own_lot) == (0, 0)
    assert parts(mine.lots["own"]) == (10, 0, 0, 0, 0)
    assert list(mine.changed_lots) == ["own"]


def test_debt_is_cancelled_before_anything_returns() -> None:
    """Half was owed, half was taken: the debt goes, the lot is whole again."""
    mine = account(lot("own", 10, PAID, payment_id="pi_1"))
    charge(mine, hold(mine, 5), 5, occasion())
    take_back(mine, 10, cause="dispute:dp_1")
    assert (mine.available, mine.debt) == (0, 5)
    settle(mine)
    take_back(mine, 10, cause="dispute:dp_1", reinstated=True)
    assert rows(mine) == [
        "clawback paid world-5 debt+5 pi_1 -> 0/0",
        "clawback paid available+5 world-5 own pi_1 -> 5/0",
    ]
    assert parts(mine.lots["own"]) == (5, 0, 5, 0, 0)


def test_a_lot_that_comes_back_is_new_and_paid() -> None:
    """Its payment's own lot was empty when the money went back, so that another's was taken."""
    mine = account(lot("own", 10, PAID, payment_id="pi_1", priority=1), lot("other", 10))
    charge(mine, hold(mine, 10), 10, occasion())
    take_back(mine, 10, cause="dispute:dp_1")
    assert parts(mine.lots["other"]) == (0, 0, 0, 0, 10)
    settle(mine)
    take_back(mine, 10, cause="dispute:dp_1", reinstated=True)
    [anew] = mine.new_lots.values()
    assert anew == lot(
        anew.grant_id,
        10,
        PAID,
        source="reinstated:pi_1",
        effective_at=NOW,
        created_at=NOW,
    )
    assert anew.grant_id.startswith("grt_")
    assert anew.account_id == ME
    assert rows(mine) == [f"clawback paid available+10 world-10 {anew.grant_id} pi_1 -> 10/0"]
    # The other lot keeps what was taken of it, and the own one what was spent.
    assert parts(mine.lots["other"]) == (0, 0, 0, 0, 10)
    assert mine.changed_lots == {}


def test_what_returns_to_a_lot_that_ended_is_gone_at_once() -> None:
    """And that is told, before what was given back."""
    mine = account(lot("own", 10, PAID, payment_id="pi_1", expires_at=NOW + SECOND))
    take_back(mine, 10, cause="dispute:dp_1")
    settle(mine)
    after = occasion(NOW + SECOND)
    claw_back(mine, "pi_1", cause="dispute:dp_1", target=10, reinstated=True, occasion=after)
    assert rows(mine) == [
        "clawback paid available+10 world-10 own pi_1 -> 10/0",
        "expire paid available-10 breakage+10 own -> 0/0",
    ]
    assert [line.partition(" ")[0] for line in told(mine)] == ["CreditsExpired", "CreditsClawedBack"]
    assert parts(mine.lots["own"]) == (0, 0, 0, 10, 0)


def test_a_clawback_before_its_grant_takes_of_that_grant_alone() -> None:
    """As much as was told, at once, and at most what was granted."""
    mine = account(lot("other", 50))
    assert take_back(mine, 40).taken == 0
    assert (rows(mine), told(mine)) == ([], [])
    grant(mine, lot("own", 30, PAID, payment_id="pi_1"), occasion())
    assert rows(mine) == [
        "grant paid available+30 world-30 own pi_1 -> 80/0",
        "clawback paid available-30 world+30 own pi_1 -> 50/0",
    ]
    assert mine.clawbacks["pi_1"].granted == 30
    assert mine.clawbacks["pi_1"].taken == 30


def test_what_is_told_is_stamped_and_shows_the_balance_after() -> None:
    """Of this account and this payment."""
    mine = account(lot("own", 10, PAID, payment_id="pi_1"))
    take_back(mine, 4)
    [fact] = mine.facts
    assert (fact.account_id, fact.payment_id, fact.occurred_at) == (ME, "pi_1", WRITTEN)
    assert fact.balance == mine.balance(NOW)
