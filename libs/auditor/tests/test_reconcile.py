"""Reconciliation in both directions, one planted fault at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from auditor.model import Allocation, Books, Job, Money, Payment, SettledReservation
from auditor.reconcile import reconcile

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)
JOB = Job(generation_id="gen_1", reservation_id="res_1", charge_credits=20, reserved_credits=30)
SETTLED = SettledReservation(reservation_id="res_1", generation_id="gen_1", charged=20, reserved=30)
PAID = Payment(payment_id="pi_1", account_id="usr_1", credits=1000)
MONEY = Money(amount_minor=1000, currency="usd", moved_at=LONG_AGO)
MONTH = Allocation(
    subscription_id="plan_1",
    account_id="usr_1",
    credits=3000,
    starts_at=LONG_AGO,
    ends_at=None,
    invoice_id="in_1",
)
RIGHT = Books(
    jobs={"gen_1": JOB},
    reservations={"res_1": SETTLED},
    purchases={"pi_1": PAID},
    grants={"pi_1": PAID},
    money={"pi_1": MONEY},
    processor={"pi_1": MONEY},
    owed_back={"pi_1": 0},
    taken_back={"pi_1": 0},
    unpaid_invoices=frozenset({"in_1"}),
    allocations={MONTH.key: MONTH},
    plan_grants={MONTH.key: MONTH},
)


def broken(books: Books) -> dict[str, tuple[str, ...]]:
    """Invariants that do not hold, with their offenders."""
    return {one.invariant: one.examples for one in reconcile(books, now=NOW) if one.violations}


def test_right_books_have_no_findings() -> None:
    """And say how much was looked at."""
    assert broken(RIGHT) == {}
    findings = reconcile(RIGHT, now=NOW)
    assert [(one.checked, one.pending) for one in findings] == [(1, 0)] * 10


UNPAID = {"allocations_match_processor": (MONTH.key,)}
BOTH = {"processor_matches_payments": ("pi_1",), "payments_match_processor": ("pi_1",)}


@pytest.mark.parametrize(
    ("books", "found"),
    [
        (replace(RIGHT, reservations={}), {"generations_settled": ("gen_1",)}),
        (
            replace(RIGHT, reservations={"res_1": replace(SETTLED, charged=30)}),
            {"generations_settled": ("gen_1",)},
        ),
        (replace(RIGHT, jobs={}), {"settlements_have_generations": ("res_1",)}),
        (replace(RIGHT, grants={}), {"payments_granted": ("pi_1",)}),
        (
            replace(RIGHT, grants={"pi_1": replace(PAID, credits=1001)}),
            {"payments_granted": ("pi_1",)},
        ),
        (
            replace(RIGHT, grants={"pi_1": replace(PAID, account_id="usr_2")}),
            {"payments_granted": ("pi_1",)},
        ),
        (replace(RIGHT, purchases={}), {"grants_have_payments": ("pi_1",)}),
        (replace(RIGHT, taken_back={"pi_1": 5}), {"money_back_taken_back": ("pi_1",)}),
        (replace(RIGHT, owed_back={"pi_1": 5}), {"money_back_taken_back": ("pi_1",)}),
        (replace(RIGHT, money={}), {"processor_matches_payments": ("pi_1",)}),
        (replace(RIGHT, processor={}), {"payments_match_processor": ("pi_1",)}),
        # Credits of a plan for which nothing was paid, or nobody was asked for anything.
        (replace(RIGHT, unpaid_invoices=frozenset({"in_2"})), UNPAID),
        (replace(RIGHT, allocations={MONTH.key: replace(MONTH, payment_id="pi_2")}), UNPAID),
        (replace(RIGHT, processor={"pi_1": replace(MONEY, amount_minor=999)}), BOTH),
        (replace(RIGHT, processor={"pi_1": replace(MONEY, currency="eur")}), BOTH),
        (replace(RIGHT, processor={"pi_1": replace(MONEY, refunded_minor=1)}), BOTH),
        (replace(RIGHT, money={"pi_1": replace(MONEY, refunded_minor=1)}), BOTH),
        (replace(RIGHT, processor={"pi_1": replace(MONEY, disputes=frozenset({("dp", "OPENED")}))}), BOTH),
        (replace(RIGHT, money={"pi_1": replace(MONEY, disputes=frozenset({("dp", "WON")}))}), BOTH),
    ],
)
def test_each_fault_is_found_under_its_name(books: Books, found: dict[str, tuple[str, ...]]) -> None:
    """Nothing settled without its cause, no cause without its settlement, nothing for the wrong account."""
    assert broken(books) == found


@pytest.mark.parametrize("age_s", [0, 299, 300, 301])
@pytest.mark.parametrize("side", ["money", "processor"])
def test_what_moved_lately_is_pending(side: str, age_s: int) -> None:
    """Within the grace it may be on its way; after it, it is broken. It is never both, and never unseen."""
    moved = replace(MONEY, refunded_minor=300, moved_at=NOW - timedelta(seconds=age_s))
    findings = reconcile(replace(RIGHT, **{side: {"pi_1": moved}}), now=NOW)
    seen = {one.invariant: (one.pending, one.violations) for one in findings if one.pending or one.violations}
    expected = (1, 0) if age_s < 300 else (0, 1)
    assert seen == dict.fromkeys(("processor_matches_payments", "payments_match_processor"), expected)


def test_a_payment_that_is_on_its_way_hides_no_other() -> None:
    """Each is judged by itself."""
    new = replace(MONEY, moved_at=NOW)
    books = replace(RIGHT, processor={"pi_1": MONEY, "pi_new": new, "pi_lost": MONEY})
    (finding,) = [one for one in reconcile(books, now=NOW) if one.violations]
    assert (finding.invariant, finding.examples, finding.pending) == (
        "processor_matches_payments",
        ("pi_lost",),
        1,
    )


def test_a_processor_that_did_not_answer_is_not_compared() -> None:
    """Its invariants are left out, not passed; the rest is compared."""
    findings = reconcile(replace(RIGHT, processor=None), now=NOW)
    compared = {"processor_matches_payments", "payments_match_processor", "allocations_match_processor"}
    assert compared.isdisjoint(one.invariant for one in findings)
    assert len(findings) == 7


def test_a_month_that_began_this_moment_is_pending() -> None:
    """The processor was read before it was told."""
    now = replace(MONTH, starts_at=NOW)
    books = replace(
        RIGHT, allocations={now.key: now}, plan_grants={now.key: now}, unpaid_invoices=frozenset()
    )
    (finding,) = [one for one in reconcile(books, now=NOW) if one.pending or one.violations]
    assert (finding.invariant, finding.pending, finding.violations) == ("allocations_match_processor", 1, 0)
