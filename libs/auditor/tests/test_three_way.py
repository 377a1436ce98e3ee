"""The three-way table: one planted fault at a time, named by its payment with what each side says."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from auditor.model import Books, Money, Payment
from auditor.three_way import DIFFERENCES_MAX, Row, three_way

MOVED = datetime(2026, 1, 1, tzinfo=UTC)
PAID = Payment(payment_id="pi_1", account_id="usr_1", credits=1000)
MONEY = Money(
    amount_minor=1000,
    currency="usd",
    refunded_minor=300,
    disputes=frozenset({("dp_1", "DISPUTE_STATE_WON")}),
    moved_at=MOVED,
)
RIGHT = Books(
    jobs={},
    reservations={},
    purchases={"pi_1": PAID},
    grants={"pi_1": PAID},
    money={"pi_1": MONEY},
    processor={"pi_1": MONEY},
    owed_back={"pi_1": 300},
    taken_back={"pi_1": 300},
)
SAID = "1000 usd, 300 refunded, dp_1 won"
SOLD = "1000 credits of usr_1, 300 owed back"
GRANTED = "1000 credits of usr_1, 300 taken back"


def test_what_agrees_is_totals_alone() -> None:
    """Of payments, refunds and disputes, on each side."""
    table = three_way(RIGHT)
    assert table.totals == (
        Row(about="payments", ledger="1: 1000 credits", billing="1: 1000 usd", processor="1: 1000 usd"),
        Row(about="refunds", ledger="300 credits taken back", billing="1: 300 usd", processor="1: 300 usd"),
        Row(about="disputes", ledger="among those taken back", billing="1: 1 won", processor="1: 1 won"),
        Row(
            about="allocations",
            ledger="0: 0 credits",
            billing="0: 0 credits",
            processor="0 paid for, by 0 payments; 0 for nothing",
        ),
    )
    assert (table.differences, table.differing) == ((), 0)


@pytest.mark.parametrize(
    ("books", "ledger", "billing", "processor"),
    [
        # A payment that billing never recorded: nobody got its credits.
        (
            replace(RIGHT, purchases={}, grants={}, money={}, owed_back={}, taken_back={}),
            "nothing",
            "nothing",
            SAID,
        ),
        # A purchase that the processor knows nothing of.
        (replace(RIGHT, processor={}), GRANTED, f"{SAID}; {SOLD}", "nothing"),
        # Credits without a purchase.
        (replace(RIGHT, purchases={}, money={}, processor={}, owed_back={}), GRANTED, "nothing", "nothing"),
        # A purchase whose credits never came.
        (replace(RIGHT, grants={}, taken_back={}), "nothing", f"{SAID}; {SOLD}", SAID),
        # Amounts that differ.
        (
            replace(RIGHT, grants={"pi_1": replace(PAID, credits=999)}),
            "999 credits of usr_1, 300 taken back",
            f"{SAID}; {SOLD}",
            SAID,
        ),
        (
            replace(RIGHT, processor={"pi_1": replace(MONEY, amount_minor=900)}),
            GRANTED,
            f"{SAID}; {SOLD}",
            "900 usd, 300 refunded, dp_1 won",
        ),
        # A refund that only the processor knows, and one that was not taken back.
        (
            replace(RIGHT, processor={"pi_1": replace(MONEY, refunded_minor=1000)}),
            GRANTED,
            f"{SAID}; {SOLD}",
            "1000 usd, 1000 refunded, dp_1 won",
        ),
        (replace(RIGHT, taken_back={}), "1000 credits of usr_1", f"{SAID}; {SOLD}", SAID),
        # A dispute that only the processor knows.
        (
            replace(RIGHT, money={"pi_1": replace(MONEY, disputes=frozenset())}),
            GRANTED,
            f"1000 usd, 300 refunded; {SOLD}",
            SAID,
        ),
        # Another's credits.
        (
            replace(RIGHT, grants={"pi_1": replace(PAID, account_id="usr_2")}),
            "1000 credits of usr_2, 300 taken back",
            f"{SAID}; {SOLD}",
            SAID,
        ),
    ],
)
def test_what_differs_is_named_with_what_each_says(
    books: Books, ledger: str, billing: str, processor: str
) -> None:
    """By the payment's id, in three columns."""
    table = three_way(books)
    assert table.differences == (Row(about="pi_1", ledger=ledger, billing=billing, processor=processor),)
    assert table.differing == 1


def test_many_differences_are_counted() -> None:
    """The first few are named."""
    table = three_way(replace(RIGHT, processor={f"pi_{number:03}": MONEY for number in range(100)}))
    assert (len(table.differences), table.differing) == (DIFFERENCES_MAX, 101)
    assert table.differences[0].about == "pi_000"


def test_a_processor_that_did_not_answer_is_an_empty_column() -> None:
    """Nothing differs because of it."""
    table = three_way(replace(RIGHT, processor=None))
    assert [row.processor for row in table.totals] == [""] * 4
    assert table.differing == 0


def test_currencies_are_not_added_up() -> None:
    """Each has its own sum."""
    yen = replace(MONEY, currency="jpy", refunded_minor=0, disputes=frozenset())
    books = replace(RIGHT, money={"pi_1": MONEY, "pi_2": yen}, processor={"pi_1": MONEY, "pi_2": yen})
    payments, refunds, *_ = three_way(books).totals
    assert (payments.billing, refunds.billing) == ("2: 1000 jpy, 1000 usd", "1: 300 usd")
