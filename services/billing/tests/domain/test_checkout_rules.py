"""Settling, asking again and telling requests apart: pure rules."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from billing.domain.check_schedule import next_check
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus
from billing.domain.page_request import fingerprint, is_same_request, with_checkout_id
from billing.domain.settlement import ProcessorCheckout, settle

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = Checkout(
    checkout_id="chk_1",
    user_id="usr_1",
    idempotency_key="k1",
    pack_id="starter",
    pack_title="Starter",
    credits=1000,
    price_minor=1000,
    currency="usd",
    page_id="cs_1",
    url="https://pay.example/cs_1",
    created_at=NOW,
    opened_at=NOW,
    expires_at=NOW + timedelta(days=1),
)
SEEN = ProcessorCheckout(
    page_id="cs_1",
    status=CheckoutStatus.OPEN,
    payment_status=PaymentStatus.UNPAID,
    payment_id=None,
    quantity=1,
    amount_minor=1000,
    currency="usd",
    reference="chk_1",
    url="https://pay.example/cs_1",
)
COMPLETE, EXPIRED = CheckoutStatus.COMPLETE, CheckoutStatus.EXPIRED
UNPAID, PROCESSING, PAID, FAILED, NOTHING_DUE = PaymentStatus


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("status", "payment_status", "is_bought"),
    [
        *((CheckoutStatus.OPEN, one, False) for one in PaymentStatus),
        *((EXPIRED, one, False) for one in PaymentStatus),
        (COMPLETE, UNPAID, False),
        (COMPLETE, PROCESSING, False),
        (COMPLETE, FAILED, False),
        (COMPLETE, PAID, True),
        (COMPLETE, NOTHING_DUE, True),
    ],
)
def test_credits_are_owed_once_the_page_is_sent_off_and_no_money_is_missing(
    status: CheckoutStatus, payment_status: PaymentStatus, is_bought: bool
) -> None:
    """Every pair of statuses; the checkout says them as they are."""
    seen = replace(SEEN, status=status, payment_status=payment_status, url=None)
    settled, purchase = settle(OPEN, seen, purchase_id="pay_1", now=NOW)
    assert (settled.status, settled.payment_status) == (status, payment_status)
    assert (purchase is not None, settled.purchase_id) == (is_bought, "pay_1" if is_bought else None)


def test_quantity_counts_and_nothing_to_pay_is_named_by_its_session() -> None:
    """Three packs are thrice the credits; an order at no cost has no payment."""
    bought = replace(
        SEEN, status=COMPLETE, payment_status=PAID, payment_id="pi_1", quantity=3, amount_minor=3000
    )
    _, purchase = settle(OPEN, bought, purchase_id="pay_1", now=NOW)
    assert purchase is not None
    assert (purchase.credits, purchase.amount_minor, purchase.payment_id) == (3000, 3000, "pi_1")
    free = replace(SEEN, status=COMPLETE, payment_status=NOTHING_DUE, amount_minor=0)
    _, purchase = settle(OPEN, free, purchase_id="pay_1", now=NOW)
    assert purchase is not None
    assert (purchase.credits, purchase.amount_minor, purchase.payment_id) == (1000, 0, "cs_1")


def test_an_older_page_says_nothing_unless_it_was_paid() -> None:
    """Its expiry is not the present page's; its money is a purchase, also beside another one."""
    second = replace(OPEN, page_id="cs_2", page=2)
    assert settle(second, replace(SEEN, status=EXPIRED), purchase_id="pay_1", now=NOW) == (second, None)
    paid = replace(SEEN, status=COMPLETE, payment_status=PAID, payment_id="pi_1")
    settled, purchase = settle(second, paid, purchase_id="pay_1", now=NOW)
    assert purchase is not None
    assert (settled.page_id, settled.purchase_id) == ("cs_1", "pay_1")
    other = replace(paid, page_id="cs_2", payment_id="pi_2")
    again, purchase = settle(settled, other, purchase_id="pay_2", now=NOW)
    assert purchase is not None
    assert (again, purchase.payment_id) == (settled, "pi_2")


def ages_of_questions(checkout: Checkout, *, days: float) -> list[float]:
    """The ages, in seconds, at which a checkout is asked about that never changes."""
    ages, now = list[float](), NOW
    while (due := next_check(checkout, now)) is not None and due - NOW <= timedelta(days=days):
        ages.append((due - NOW).total_seconds())
        now = due
    return ages


def test_questions_come_within_seconds_at_first_and_seldom_later() -> None:
    """A page of a minute is asked about every few seconds, one of an hour every few minutes."""
    ages = ages_of_questions(OPEN, days=1)
    pauses = [later - earlier for earlier, later in itertools.pairwise(ages)]
    assert ages[0] == 5
    assert max(pause for age, pause in zip(ages, pauses, strict=False) if age < 60) < 10
    assert max(pause for age, pause in zip(ages, pauses, strict=False) if age < 3600) < 500
    assert max(pauses) <= 3600
    assert len(ages) < 100


def test_an_open_page_is_asked_about_once_more_when_it_has_expired() -> None:
    """Not later, and no page is asked about for ever."""
    assert 86_400 + 60 in ages_of_questions(OPEN, days=1.5)
    assert 50 < ages_of_questions(OPEN, days=400)[-1] / 86_400 < 61


@pytest.mark.parametrize(
    "ended",
    [
        replace(OPEN, status=EXPIRED),
        replace(OPEN, status=COMPLETE, payment_status=FAILED),
        replace(OPEN, status=COMPLETE, payment_status=PAID, purchase_id="pay_1"),
        replace(OPEN, page_id=None),
    ],
)
def test_nobody_asks_about_what_has_ended(ended: Checkout) -> None:
    """Nothing is expected of it any more."""
    assert next_check(ended, NOW) is None


def test_a_fingerprint_is_what_it_always_was() -> None:
    """Stored ones are compared with it: another rule needs another version."""
    assert fingerprint(
        pack_id="starter", success_url="https://a.example/s", cancel_url="https://a.example/c"
    ) == ("1:6842d3c9ad6a7500c30241bb4823b1e1e798a93ad279391b21c7a9319252a671")


def test_every_part_of_the_request_tells_it_apart() -> None:
    """Another pack, another address; a checkout from before fingerprints knows its pack alone."""
    asked = {"pack_id": "starter", "success_url": "https://a.example/s", "cancel_url": "https://a.example/c"}
    first = replace(OPEN, fingerprint=fingerprint(**asked))
    assert is_same_request(first, pack_id="starter", asked=fingerprint(**asked))
    for field in asked:
        other = fingerprint(**{**asked, field: "other"})
        assert not is_same_request(first, pack_id="starter", asked=other)
    before = replace(OPEN, fingerprint=None)
    assert is_same_request(before, pack_id="starter", asked=fingerprint(**asked))
    assert not is_same_request(before, pack_id="builder", asked=fingerprint(**asked))


def test_an_address_may_name_the_checkout() -> None:
    """Before it exists."""
    assert with_checkout_id("https://a.example/?c={CHECKOUT_ID}", "chk_1") == "https://a.example/?c=chk_1"
