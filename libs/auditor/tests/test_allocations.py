"""Plans: what billing told of their credits against what the ledger granted, one planted fault at a time."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from auditor.model import Allocation, Books, FreePlan, Money
from auditor.reconcile import reconcile
from auditor.three_way import Row, three_way

NOW = datetime(2026, 3, 15, tzinfo=UTC)
JANUARY, FEBRUARY, MARCH, APRIL = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3, 4))
PAID = Allocation(
    subscription_id="plan_paid",
    account_id="usr_1",
    credits=3000,
    starts_at=FEBRUARY,
    ends_at=MARCH,
    payment_id="pi_1",
)
# The second month of a year: paid for by the same invoice.
NEXT = replace(PAID, starts_at=MARCH, ends_at=APRIL)
GIVEN = Allocation(
    subscription_id="plan_free", account_id="usr_2", credits=500, starts_at=FEBRUARY, ends_at=MARCH
)
FREE = FreePlan(subscription_id="plan_free", account_id="usr_2", began_at=JANUARY, allocated_from=FEBRUARY)
RIGHT = Books(
    jobs={},
    reservations={},
    purchases={},
    grants={},
    money={},
    processor={"pi_1": Money(amount_minor=29000, currency="usd", moved_at=FEBRUARY)},
    owed_back={},
    taken_back={},
    allocations={PAID.key: PAID, NEXT.key: NEXT},
    plan_grants={PAID.key: replace(PAID, payment_id=""), NEXT.key: NEXT, GIVEN.key: GIVEN},
    free_plans={"plan_free": FREE},
)


def broken(books: Books) -> dict[str, tuple[str, ...]]:
    """Invariants about plans that do not hold, with their offenders."""
    return {
        one.invariant: one.examples
        for one in reconcile(books, now=NOW)
        if one.violations and "allocations" in one.invariant
    }


def granted(*grants: Allocation, free: FreePlan = FREE) -> Books:
    """The right books with these grants of plans in the ledger."""
    grants_by_key = {grant.key: grant for grant in grants}
    return replace(RIGHT, plan_grants=grants_by_key, free_plans={"plan_free": free})


def test_right_books_have_no_findings() -> None:
    """And say how much was looked at; free months are granted and counted with no paid plan."""
    assert broken(RIGHT) == {}
    checked = {one.invariant: one.checked for one in reconcile(RIGHT, now=NOW)}
    assert (checked["allocations_granted"], checked["grants_have_allocations"]) == (3, 3)
    table = three_way(RIGHT)
    assert table.totals[-1] == Row(
        about="allocations",
        ledger="2: 6000 credits",
        billing="2: 6000 credits",
        processor="2 paid for, by 1 payments; 0 for nothing",
    )
    assert PAID.key not in {row.about for row in table.differences}


LOST = {"allocations_granted": (NEXT.key,)}
FORGED = replace(PAID, subscription_id="plan_forged")


@pytest.mark.parametrize(
    ("books", "found"),
    [
        # A month that was told and never came.
        (granted(PAID, GIVEN), LOST),
        # With other credits, another account's, or until another day.
        (granted(PAID, replace(NEXT, credits=6000), GIVEN), LOST),
        (granted(PAID, replace(NEXT, account_id="usr_2"), GIVEN), LOST),
        (granted(PAID, replace(NEXT, ends_at=None), GIVEN), LOST),
        # A month too many of a paid plan, and of a plan that nobody has.
        (
            granted(PAID, NEXT, GIVEN, later := replace(PAID, starts_at=APRIL)),
            {"grants_have_allocations": (later.key,)},
        ),
        (granted(PAID, NEXT, GIVEN, FORGED), {"grants_have_allocations": (FORGED.key,)}),
        # The free plan's last month, and those that it can't have had.
        (granted(PAID, NEXT), {"allocations_granted": (GIVEN.key,)}),
        (
            granted(PAID, NEXT, GIVEN, ahead := replace(GIVEN, starts_at=MARCH)),
            {"grants_have_allocations": (ahead.key,)},
        ),
        (
            granted(PAID, NEXT, GIVEN, early := replace(GIVEN, starts_at=datetime(2025, 12, 1, tzinfo=UTC))),
            {"grants_have_allocations": (early.key,)},
        ),
        (
            granted(PAID, NEXT, GIVEN, free=replace(FREE, account_id="usr_3")),
            {"grants_have_allocations": (GIVEN.key,)},
        ),
        (granted(PAID, NEXT, free=replace(FREE, allocated_from=None)), {}),
    ],
)
def test_a_fault_is_named(books: Books, found: dict[str, tuple[str, ...]]) -> None:
    """By subscription and moment."""
    assert broken(books) == found
    named = {row.about for row in three_way(books).differences}
    assert {key for keys in found.values() for key in keys} <= named


def test_a_grant_that_came_twice_is_named() -> None:
    """At the same moment, of a paid plan and of a free one."""
    again = {f"{one.key} again": one for one in (PAID, GIVEN)}
    books = replace(RIGHT, plan_grants={**RIGHT.plan_grants, **again})
    assert broken(books) == {"grants_have_allocations": tuple(sorted(again))}


def test_the_table_says_what_each_says() -> None:
    """Of a month that billing alone told, one that the ledger alone granted, one that nothing pays for."""
    books = replace(granted(PAID, FORGED, GIVEN), processor={})
    said = {row.about: row for row in three_way(books).differences}
    good = "3000 credits of usr_1 until"
    assert said == {
        NEXT.key: Row(
            about=NEXT.key,
            ledger="nothing",
            billing=f"{good} {APRIL.isoformat()}",
            processor="pi_1: nothing",
        ),
        FORGED.key: Row(
            about=FORGED.key, ledger=f"{good} {MARCH.isoformat()}", billing="nothing", processor=""
        ),
        PAID.key: Row(
            about=PAID.key,
            ledger=f"{good} {MARCH.isoformat()}",
            billing=f"{good} {MARCH.isoformat()}",
            processor="pi_1: nothing",
        ),
    }
    assert all(not row.processor for row in three_way(replace(books, processor=None)).differences)


def test_a_month_for_nothing_is_compared_with_its_invoice() -> None:
    """Of a trial, or with a coupon for everything: the processor has to say that nothing was to be paid."""
    free = replace(PAID, payment_id="", invoice_id="in_0")
    books = replace(RIGHT, allocations={free.key: free}, plan_grants={free.key: free, GIVEN.key: GIVEN})
    right = replace(books, unpaid_invoices=frozenset({"in_0"}))
    assert (three_way(right).differing, three_way(right).totals[-1].processor) == (
        1,
        "0 paid for, by 0 payments; 1 for nothing",
    )
    (_, row) = three_way(books).differences
    assert (row.about, row.processor) == (free.key, "in_0: nothing")
    assert {
        one.invariant: one.examples
        for one in reconcile(books, now=NOW)
        if "allocations_match" in one.invariant
    } == {"allocations_match_processor": (free.key,)}
