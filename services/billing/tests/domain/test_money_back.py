"""What refunds make of a purchase: pure rules, over every order."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from billing.domain.checkout import Purchase
from billing.domain.dispute import DisputeState, ProcessorDispute, settle_dispute
from billing.domain.proportion import credits_of
from billing.domain.refund import Refund, RefundStatus, merge_refunds
from billing.domain.refund_total import count_refunds
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PURCHASE = Purchase(
    purchase_id="pay_1",
    user_id="usr_1",
    checkout_id="chk_1",
    pack_id="starter",
    pack_title="Starter",
    credits=1000,
    amount_minor=999,
    currency="usd",
    payment_id="pi_1",
    created_at=NOW,
)
PENDING, SUCCEEDED, FAILED = RefundStatus


def refund(refund_id: str, amount_minor: int, status: RefundStatus = SUCCEEDED) -> Refund:
    """A refund as it stands."""
    return Refund(refund_id=refund_id, amount_minor=amount_minor, status=status)


@pytest.mark.parametrize(
    ("minor", "worth"), [(0, 0), (1, 1), (333, 333), (998, 998), (999, 1000), (2000, 1000)]
)
def test_a_part_of_the_money_is_a_part_of_the_credits(minor: int, worth: int) -> None:
    """Rounded down, and all of the money is all of the credits."""
    assert credits_of(PURCHASE, minor) == worth


def test_a_free_purchase_takes_nothing_back() -> None:
    """There is no money that could go back."""
    assert credits_of(replace(PURCHASE, amount_minor=0), 5) == 0


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(RefundStatus))), max_size=8), st.randoms()
)
def test_answers_in_any_order_come_to_the_same_refunds(
    seen: list[tuple[str, RefundStatus]], shuffled: object
) -> None:
    """A later status is never undone by an earlier answer."""
    told = [refund(name, 100, status) for name, status in seen]
    other = list(told)
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    results = []
    for order in (told, other):
        known: list[Refund] = []
        for one in order:
            known = merge_refunds(known, [one])
        results.append(sorted(known, key=lambda one: one.refund_id))
    assert results[0] == results[1] == sorted(merge_refunds(told, other), key=lambda one: one.refund_id)


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abc"), st.sampled_from(list(RefundStatus)), min_size=1), max_size=8
    )
)
def test_what_the_series_take_is_what_is_refunded(answers: list[dict[str, RefundStatus]]) -> None:
    """A ledger that lets a series only grow until it is reversed takes what the purchase says, at each step.

    In between it takes no less than before or after.
    """
    purchase, known = PURCHASE, list[Refund]()
    targets, over = dict[int, int](), set[int]()
    for answer in answers:
        known = merge_refunds(known, [refund(name, 300, status) for name, status in answer.items()])
        before = purchase.refunded_credits
        purchase, facts = count_refunds(purchase, known, now=NOW)
        for fact in facts:
            series, told = fact.purchase.refund_series, fact.purchase.refunded_credits
            targets[series] = max(told, targets.get(series, 0))
            over |= {series} if fact.is_reversed else set()
            taken = sum(target for series, target in targets.items() if series not in over)
            assert taken >= min(before, purchase.refunded_credits)
        assert sum(target for series, target in targets.items() if series not in over) == (
            purchase.refunded_credits
        )


def test_more_than_was_paid_is_not_refunded() -> None:
    """A processor that says more takes all credits, no more."""
    counted, _ = count_refunds(PURCHASE, [refund("a", 999), refund("b", 999)], now=NOW)
    assert (counted.refunded_minor, counted.refunded_credits) == (999, 1000)


def seen(state: DisputeState | None, amount_minor: int = 999, currency: str = "usd") -> ProcessorDispute:
    """A dispute as the processor sees it."""
    return ProcessorDispute(
        dispute_id="dp_1",
        payment_id="pi_1",
        reference="chk_1",
        amount_minor=amount_minor,
        currency=currency,
        state=state,
    )


def test_answers_in_any_order_come_to_the_same_dispute() -> None:
    """The verdict stands; a withdrawal after a loss is won; an inquiry is nothing."""
    answers = [seen(None), seen(DisputeState.OPENED, 500), seen(DisputeState.LOST), seen(DisputeState.WON)]
    for count in (1, 2, 3, 4):
        for order in itertools.permutations(answers[:count]):
            known = None
            for answer in order:
                known = settle_dispute(PURCHASE, known, answer)
            expected = [None, DisputeState.OPENED, DisputeState.LOST, DisputeState.WON][count - 1]
            assert (known.state if known else None) == expected
            assert (known.disputed_credits if known else 0) == [0, 500, 1000, 1000][count - 1]


def test_a_dispute_in_another_currency_takes_the_whole_payment() -> None:
    """Amounts that can't be compared are not guessed."""
    dispute = settle_dispute(PURCHASE, None, seen(DisputeState.OPENED, 5, "eur"))
    assert dispute is not None
    assert (dispute.disputed_minor, dispute.disputed_credits, dispute.currency) == (999, 1000, "usd")
