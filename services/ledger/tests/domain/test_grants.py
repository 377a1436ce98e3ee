"""Grants and renewals: which lots end, and what is paid first."""

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
    parts,
    rows,
    settle,
    told,
)
from ledger.domain.account import Account
from ledger.domain.facts import CreditsGranted
from ledger.domain.grants import grant, renew
from ledger.domain.lot import Lot
from ledger.domain.money_back import claw_back
from ledger.domain.settlement import charge


def period(grant_id: str, amount: int = 10, *, until: int | None, since: int = 0, **terms: object) -> Lot:
    """A subscription's allocation, from and until so many seconds from now."""
    return lot(
        grant_id,
        amount,
        **{
            "category": SUBSCRIPTION,
            "source": "subscription:sub_1",
            "effective_at": NOW + since * SECOND,
            "expires_at": None if until is None else NOW + until * SECOND,
            **terms,
        },
    )


def remaining(mine: Account) -> dict[str, int]:
    """What each lot has left."""
    return {grant_id: lot.remaining for grant_id, lot in mine.lots.items()}


def in_debt(amount: int) -> Account:
    """Its payment's money went back after the credits were spent."""
    mine = account(lot("own", amount, PAID, payment_id="pi_1"))
    charge(mine, hold(mine, amount), amount, occasion())
    claw_back(mine, "pi_1", cause="refund", target=amount, reinstated=False, occasion=occasion())
    settle(mine)
    return mine


def test_a_grant_is_a_row_and_a_fact() -> None:
    """Everything about the lot is in them."""
    mine = Account(ME)
    grant(mine, lot("grt_1", 7, PAID, payment_id="pi_1", source="payment:pi_1"), occasion())
    assert rows(mine) == ["grant paid available+7 world-7 grt_1 pi_1 -> 7/0"]
    assert mine.facts == [
        CreditsGranted(
            account_id=ME,
            balance=mine.balance(NOW),
            occurred_at=WRITTEN,
            grant_id="grt_1",
            amount=7,
            category=PAID,
            source="payment:pi_1",
            payment_id="pi_1",
        )
    ]
    assert list(mine.new_lots) == ["grt_1"]


def test_a_grant_without_a_payment_concerns_no_clawback() -> None:
    """Another payment's, told before, waits on."""
    mine = Account(ME)
    claw_back(mine, "pi_1", cause="refund", target=5, reinstated=False, occasion=occasion())
    grant(mine, lot("grt_1", 7), occasion())
    grant(mine, lot("grt_2", 7, PAID, payment_id="pi_2"), occasion())
    assert mine.available == 14
    assert mine.clawbacks["pi_1"].granted == 0
    assert list(mine.clawbacks) == ["pi_1"]


@pytest.mark.parametrize(("granted", "left"), [(3, (0, 7)), (10, (0, 0)), (11, (1, 0))])
def test_a_debt_is_paid_of_a_grant_first(granted: int, left: tuple[int, int]) -> None:
    """As far as it goes; what is left may be spent."""
    mine = in_debt(10)
    grant(mine, lot("grt_1", granted), occasion())
    assert (mine.available, mine.debt) == left
    paid = min(granted, 10)
    assert rows(mine)[1:] == [f"clawback promotional available-{paid} debt+{paid} grt_1 -> {left[0]}/0"]


def test_a_renewal_ends_the_period_before() -> None:
    """Now, as a reset; what of it was gone already is told of nobody."""
    mine = account(period("old", until=30))
    hold(mine, 4)
    renew(mine, period("new", until=60), occasion())
    assert rows(mine) == [
        "grant subscription available+10 world-10 new -> 16/4",
        "reset subscription available-6 breakage+6 old -> 10/4",
    ]
    assert told(mine) == ["CreditsGranted amount=10 -> 16/4/0", "CreditsExpired amount=6 -> 10/4/0"]
    assert parts(mine.lots["old"]) == (0, 4, 0, 6, 0)
    assert mine.lots["old"].expires_at == NOW
    assert list(mine.changed_lots) == ["old"]


def test_a_period_that_ended_by_itself_keeps_its_end() -> None:
    """Its rest is booked all the same."""
    mine = account(period("old", until=0))
    renew(mine, period("new", until=60), occasion(NOW + SECOND))
    assert mine.lots["old"].expires_at == NOW
    assert remaining(mine) == {"old": 0, "new": 10}


def test_a_renewal_pays_a_debt_with_what_is_new() -> None:
    """Not with what just ended."""
    mine = in_debt(4)
    renew(mine, period("new", until=60), occasion())
    assert (mine.available, mine.debt) == (6, 0)


@pytest.mark.parametrize(
    "other",
    [
        period("other", until=30, source="subscription:sub_2"),
        period("other", until=30, category=PROMOTIONAL),
    ],
    ids=["subscription", "category"],
)
def test_a_renewal_is_of_its_own_subscription_alone(other: Lot) -> None:
    """Neither another's periods nor gifts in its name end."""
    mine = account(other)
    renew(mine, period("new", until=60), occasion())
    assert remaining(mine) == {"other": 10, "new": 10}
    assert other.expires_at == NOW + 30 * SECOND


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("known", "told_now", "is_late"),
    [
        (period("old", until=60), period("new", until=30), True),
        (period("old", until=60), period("new", until=60), False),
        (period("old", until=60), period("new", until=61), False),
        (period("old", until=None), period("new", until=30), True),
        (period("old", until=30), period("new", until=None), False),
        (period("old", until=60, since=2), period("new", until=60, since=1), True),
        (period("old", until=60, since=2), period("new", until=60, since=2), False),
        (period("old", until=60, since=1), period("new", until=60, since=2), False),
        (period("old", until=None, since=2), period("new", until=None, since=1), False),
    ],
    ids=[
        "ends later",
        "ends together",
        "ends earlier",
        "never ends",
        "the new one never ends",
        "began later",
        "began together",
        "began earlier",
        "neither ends",
    ],
)
def test_a_renewal_that_is_told_late_ends_at_once(known: Lot, told_now: Lot, is_late: bool) -> None:
    """Its period is over: the one that lasts longer, or began later, stays."""
    known = period("old", until=None, expires_at=known.expires_at, effective_at=known.effective_at)
    told_now = period("new", until=None, expires_at=told_now.expires_at, effective_at=told_now.effective_at)
    mine = account(known)
    renew(mine, told_now, occasion())
    assert remaining(mine) == ({"old": 10, "new": 0} if is_late else {"old": 0, "new": 10})


def test_every_older_period_ends_and_is_told_as_one() -> None:
    """The sum of what is gone."""
    mine = account(period("a", 3, until=10), lot("gift", 1), period("b", 5, until=20))
    renew(mine, period("new", 10, until=60), occasion())
    assert remaining(mine) == {"a": 0, "gift": 1, "b": 0, "new": 10}
    assert told(mine)[1:] == ["CreditsExpired amount=8 -> 11/0/0"]
