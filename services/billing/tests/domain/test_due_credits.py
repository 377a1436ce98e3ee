"""Which credits a paid plan's invoices have come to pay for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from billing.domain.allocation import DueCredits, due_credits
from billing.domain.identifiers import InvoiceId, PaymentId, PlanId
from billing.domain.processor_subscription import PaidPeriod
from hypothesis import given
from hypothesis import strategies as st

CREDITS = {PlanId("pro"): 3000, PlanId("business"): 6000}


def day(month: int, number: int = 1, *, year: int = 2026) -> datetime:
    """Nine o'clock on a day."""
    return datetime(year, month, number, 9, tzinfo=UTC)


def period(
    start: datetime, end: datetime, plan: str = "pro", *, invoice: str = "in_1", is_change: bool = False
) -> PaidPeriod:
    """What a paid invoice covers."""
    return PaidPeriod(
        invoice_id=InvoiceId(invoice),
        plan_id=PlanId(plan),
        start=start,
        end=end,
        is_change=is_change,
        payment_id=PaymentId(f"payment_of_{invoice}"),
        amount_minor=2900,
        currency="usd",
        paid_at=start,
    )


def told(due: list[DueCredits]) -> list[tuple[str, int, datetime, datetime]]:
    """What is due, in short."""
    return [(owed.plan_id, owed.credits, owed.span.start, owed.span.end) for owed in due]


MONTH = period(day(1, 31), day(2, 28))
YEAR = period(day(1, 31), day(1, 31, year=2027))


@pytest.mark.parametrize(
    ("now", "month"),
    [
        (day(1, 31), (day(1, 31), day(2, 28))),
        (day(2, 28), (day(2, 28), day(3, 31))),
        (day(12, 31) - timedelta(seconds=1), (day(11, 30), day(12, 31))),
        (day(1, 30, year=2027), (day(12, 31), day(1, 31, year=2027))),
    ],
)
def test_a_year_is_twelve_months(now: datetime, month: tuple[datetime, datetime]) -> None:
    """Each grants what one month grants, on the day of the month that it began on."""
    assert told(due_credits([YEAR], anchor=YEAR.start, now=now, credits_of=CREDITS)) == [
        ("pro", 3000, *month)
    ]


@pytest.mark.parametrize("now", [day(1, 30), day(2, 28), day(3, 1)])
def test_what_no_invoice_covers_is_owed_nothing(now: datetime) -> None:
    """Neither before, nor from the moment on at which its time ends."""
    assert due_credits([MONTH], anchor=MONTH.start, now=now, credits_of=CREDITS) == []


def test_a_trial_is_a_month_that_ends_with_it() -> None:
    """Its credits end with it, and the months after it are counted from its end."""
    trial_end = day(2, 10)
    trial = replace(period(day(1, 31), trial_end), payment_id=None, amount_minor=0)
    first = period(trial_end, day(3, 10), invoice="in_2")
    for now, month in ((day(2, 5), (day(1, 31), trial_end)), (trial_end, (trial_end, day(3, 10)))):
        due = due_credits([trial, first], anchor=trial_end, now=now, credits_of=CREDITS)
        assert told(due) == [("pro", 3000, *month)]


def test_an_upgrade_adds_the_difference_for_the_rest_of_the_month() -> None:
    """In proportion to the time that is left, as it is paid; the next month has the bigger plan's whole."""
    start, middle, end = day(4, 1), day(4, 11), day(5, 1)
    periods = [
        period(start, end),
        period(middle, end, "business", invoice="in_2", is_change=True),
        period(end, day(6, 1), "business", invoice="in_3"),
    ]
    seen = due_credits(periods, anchor=start, now=day(4, 20), credits_of=CREDITS)
    assert told(seen) == [("pro", 3000, start, end), ("business", 2000, middle, end)]
    assert [owed.is_raise for owed in seen] == [False, True]
    assert told(due_credits(periods, anchor=start, now=day(4, 5), credits_of=CREDITS)) == told(seen[:1])
    next_month = due_credits(periods, anchor=start, now=end, credits_of=CREDITS)
    assert told(next_month) == [("business", 6000, end, day(6, 1))]


def test_an_upgrade_of_a_year_counts_from_then_on() -> None:
    """The rest of the month that it fell in, and each month after it whole."""
    change = period(day(3, 20), YEAR.end, "business", invoice="in_2", is_change=True)
    seen = due_credits([YEAR, change], anchor=YEAR.start, now=day(3, 25), credits_of=CREDITS)
    assert [(owed.plan_id, owed.span.start) for owed in seen] == [
        ("pro", day(2, 28)),
        ("business", day(3, 20)),
    ]
    later = due_credits([YEAR, change], anchor=YEAR.start, now=day(4, 1), credits_of=CREDITS)
    assert told(later) == [("business", 6000, day(3, 31), day(4, 30))]


def test_up_and_down_and_up_again_adds_once() -> None:
    """Only what is more than the month has had already."""
    start, end = day(4, 1), day(5, 1)
    periods = [
        period(start, end),
        period(day(4, 11), end, "business", invoice="in_2", is_change=True),
        period(day(4, 15), end, "pro", invoice="in_3", is_change=True),
        period(day(4, 21), end, "business", invoice="in_4", is_change=True),
    ]
    seen = due_credits(periods, anchor=start, now=day(4, 25), credits_of=CREDITS)
    assert [owed.credits for owed in seen] == [3000, 2000]


def test_a_change_in_the_same_moment_adds_its_whole() -> None:
    """Beside the month's own credits, and only the biggest of several."""
    start, end = day(4, 1), day(5, 1)
    periods = [
        period(start, end),
        period(start, end, "business", invoice="in_2", is_change=True),
        period(start, end, "pro", invoice="in_3", is_change=True),
    ]
    base, more = due_credits(periods, anchor=start, now=start, credits_of=CREDITS)
    assert (base.credits, base.plan_id, more.credits, more.plan_id) == (3000, "pro", 3000, "business")
    assert start == base.span.start < more.span.start


def test_another_interval_begins_another_month() -> None:
    """Of two periods that cover a moment the later one counts."""
    year = period(day(2, 10), day(2, 10, year=2027), invoice="in_2")
    seen = due_credits([MONTH, year], anchor=year.start, now=day(2, 11), credits_of=CREDITS)
    assert told(seen) == [("pro", 3000, day(2, 10), day(3, 10))]


@pytest.mark.parametrize(
    ("kept", "is_owed"),
    [(Fraction(0), False), (Fraction(1, 5), False), (Fraction(1, 2), True), (Fraction(1), True)],
)
def test_money_that_went_back_pays_for_no_month_at_the_end(kept: Fraction, is_owed: bool) -> None:
    """What was kept pays from the beginning on: after a fifth of a year nothing comes in May."""
    due = due_credits(
        [YEAR], anchor=YEAR.start, now=day(5, 5), credits_of=CREDITS, kept={YEAR.invoice_id: kept}
    )
    assert bool(due) == is_owed


def test_a_plan_that_the_catalogue_lost_is_owed_nothing() -> None:
    """Until it is back."""
    assert due_credits([MONTH], anchor=MONTH.start, now=day(2, 1), credits_of={}) == []


@given(st.permutations(range(4)), st.integers(0, 29 * 86_400))
def test_the_order_of_invoices_changes_nothing(order: list[int], second: int) -> None:
    """They come to be known in any."""
    start, end = day(4, 1), day(5, 1)
    periods = [
        period(start, end),
        period(day(4, 8), end, "business", invoice="in_2", is_change=True),
        period(end, day(6, 1), "business", invoice="in_3"),
        period(day(3, 1), start, invoice="in_0"),
    ]
    now = start + timedelta(seconds=second)
    shuffled = [periods[place] for place in order]
    assert due_credits(shuffled, anchor=day(3, 1), now=now, credits_of=CREDITS) == due_credits(
        periods, anchor=day(3, 1), now=now, credits_of=CREDITS
    )
