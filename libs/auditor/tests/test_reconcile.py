"""Reconciliation in both directions, one planted fault at a time."""

from dataclasses import replace

import pytest
from auditor.model import Books, Job, Payment, SettledReservation
from auditor.reconcile import reconcile

JOB = Job(generation_id="gen_1", reservation_id="res_1", charge_credits=20, reserved_credits=30)
SETTLED = SettledReservation(reservation_id="res_1", generation_id="gen_1", charged=20, reserved=30)
PAID = Payment(payment_id="pi_1", account_id="usr_1", credits=1000)
RIGHT = Books(
    jobs={"gen_1": JOB}, reservations={"res_1": SETTLED}, purchases={"pi_1": PAID}, grants={"pi_1": PAID}
)


def broken(books: Books) -> dict[str, tuple[str, ...]]:
    """Invariants that do not hold, with their offenders."""
    return {one.invariant: one.examples for one in reconcile(books) if one.violations}


def test_right_books_have_no_findings() -> None:
    """And say how much was looked at."""
    assert broken(RIGHT) == {}
    assert [one.checked for one in reconcile(RIGHT)] == [1, 1, 1, 1]


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
    ],
)
def test_each_fault_is_found_under_its_name(books: Books, found: dict[str, tuple[str, ...]]) -> None:
    """Nothing settled without its cause, no cause without its settlement, nothing for the wrong account."""
    assert broken(books) == found
