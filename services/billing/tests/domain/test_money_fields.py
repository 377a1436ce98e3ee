"""What becomes of a checkout's, a refund's and a dispute's money, field by field."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from billing.domain.catalogue import Catalogue
from billing.domain.check_schedule import next_check
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus, Purchase
from billing.domain.dispute import Dispute, DisputeState, ProcessorDispute, settle_dispute
from billing.domain.events import PaymentRefunded
from billing.domain.pack import Pack
from billing.domain.purchase_standing import PurchaseStanding, PurchaseStatus
from billing.domain.refund import Refund, RefundStatus, merge_refunds
from billing.domain.refund_total import count_refunds
from billing.domain.settlement import ProcessorCheckout, settle
from billing.domain.webhook_event import described

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
OPEN = Checkout(
    checkout_id="chk_1",
    user_id="usr_1",
    idempotency_key="k1",
    pack_id="starter",
    pack_title="Starter",
    credits=1000,
    price_minor=999,
    currency="usd",
    created_at=NOW,
    opened_at=NOW,
)
SEEN = ProcessorCheckout(
    page_id="cs_1",
    status=CheckoutStatus.OPEN,
    payment_status=PaymentStatus.UNPAID,
    payment_id=None,
    quantity=2,
    amount_minor=1998,
    currency="eur",
    reference="chk_1",
    url="https://pay.example/cs_1",
    expires_at=LATER,
)
PAID = replace(SEEN, status=CheckoutStatus.COMPLETE, payment_status=PaymentStatus.PAID, payment_id="pi_1")
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


def test_a_fresh_checkout_waits_on_its_first_page() -> None:
    """Nobody paid, nobody was asked."""
    assert (OPEN.status, OPEN.payment_status, OPEN.page) == (CheckoutStatus.OPEN, PaymentStatus.UNPAID, 1)
    assert not OPEN.is_settled


@pytest.mark.parametrize(
    "over",
    [
        {"status": CheckoutStatus.EXPIRED},
        {"payment_status": PaymentStatus.FAILED},
        {"purchase_id": "pay_1"},
    ],
    ids=lambda over: next(iter(over)),
)
def test_each_end_settles_a_checkout(over: dict[str, object]) -> None:
    """Each alone."""
    assert replace(OPEN, **over).is_settled


def test_an_open_page_is_known_from_its_first_answer() -> None:
    """Its session, its address and its end; and when it is asked about next."""
    settled, purchase = settle(OPEN, SEEN, purchase_id="pay_1", now=NOW)
    assert purchase is None
    assert settled == replace(
        OPEN,
        page_id="cs_1",
        url="https://pay.example/cs_1",
        expires_at=LATER,
        next_check_at=NOW + timedelta(seconds=5),
    )


def test_a_page_that_ended_has_no_address_and_keeps_its_end() -> None:
    """The processor may say none any more."""
    known = replace(OPEN, page_id="cs_1", url="https://pay.example/cs_1", expires_at=LATER)
    ended = replace(SEEN, status=CheckoutStatus.EXPIRED, expires_at=None)
    settled, _ = settle(known, ended, purchase_id="pay_1", now=NOW)
    assert settled == replace(known, url=OPEN.url, status=CheckoutStatus.EXPIRED, next_check_at=None)


def test_a_page_that_is_paid_is_a_purchase_of_what_was_paid() -> None:
    """Quantity, money and currency as the processor says; terms as they were when the page was opened."""
    known = replace(OPEN, page_id="cs_1", url="https://pay.example/cs_1", next_check_at=NOW)
    settled, purchase = settle(known, PAID, purchase_id="pay_1", now=LATER)
    assert purchase == replace(PURCHASE, credits=2000, amount_minor=1998, currency="eur", created_at=LATER)
    assert settled == replace(
        known,
        url=OPEN.url,
        status=CheckoutStatus.COMPLETE,
        payment_status=PaymentStatus.PAID,
        purchase_id="pay_1",
        next_check_at=None,
    )


def test_a_page_is_bought_once() -> None:
    """The same answer again, and any later one, changes nothing."""
    bought, _ = settle(OPEN, PAID, purchase_id="pay_1", now=NOW)
    for again in (PAID, SEEN, replace(SEEN, status=CheckoutStatus.EXPIRED)):
        assert settle(bought, again, purchase_id="pay_2", now=LATER) == (bought, None)


def test_another_page_says_nothing_of_this_one() -> None:
    """Neither that it is open nor that it ended, paid or not."""
    for known in (replace(OPEN, page_id="cs_2"), replace(OPEN, page_id="cs_2", purchase_id="pay_9")):
        for status in (CheckoutStatus.OPEN, CheckoutStatus.EXPIRED):
            assert settle(known, replace(SEEN, status=status), purchase_id="pay_1", now=NOW) == (known, None)


def checked(age: timedelta, **changes: object) -> datetime | None:
    """When a page of this age is asked about next."""
    return next_check(replace(OPEN, page_id="cs_1", **changes), NOW + age)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("age_s", "pause_s"),
    [(0, 5), (40, 5), (48, 6), (80, 10), (8 * 3600, 3600), (8 * 3600 + 8, 3600), (7 * 3600, 3150)],
)
def test_a_page_is_asked_about_after_an_eighth_of_its_age(age_s: int, pause_s: int) -> None:
    """Five seconds at least, an hour at most."""
    age = timedelta(seconds=age_s)
    assert checked(age) == NOW + age + timedelta(seconds=pause_s)


def test_a_page_is_given_up_after_sixty_days() -> None:
    """Not on the sixtieth."""
    days = timedelta(days=60)
    assert checked(days) == NOW + days + timedelta(hours=1)
    assert checked(days + timedelta(microseconds=1)) is None


def test_an_open_page_is_asked_about_a_minute_after_its_end() -> None:
    """If that comes first; one that was sent off has no end."""
    age, minute = timedelta(hours=4), timedelta(minutes=1)
    ends = NOW + age + timedelta(minutes=10)
    usual = NOW + age + age / 8
    assert checked(age, expires_at=ends) == ends + minute
    assert checked(age, expires_at=usual) == usual
    assert checked(age, expires_at=NOW + age - minute + timedelta(seconds=1)) == NOW + age + timedelta(
        seconds=1
    )
    assert checked(age, expires_at=NOW + age - minute) == usual
    assert checked(age, expires_at=ends, status=CheckoutStatus.COMPLETE) == usual


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        (PENDING, SUCCEEDED, SUCCEEDED),
        (SUCCEEDED, PENDING, SUCCEEDED),
        (SUCCEEDED, FAILED, FAILED),
        (FAILED, PENDING, FAILED),
    ],
)
def test_a_refund_stands_at_the_later_status(
    first: RefundStatus, second: RefundStatus, stands: RefundStatus
) -> None:
    """Whichever answer came first; others stay beside it."""
    other = Refund(refund_id="re_2", amount_minor=7, status=PENDING)
    known = [Refund(refund_id="re_1", amount_minor=5, status=first), other]
    seen = [Refund(refund_id="re_1", amount_minor=5, status=second)]
    assert merge_refunds(known, seen) == [Refund(refund_id="re_1", amount_minor=5, status=stands), other]


def refunds(*amounts: int) -> list[Refund]:
    """Refunds that arrived."""
    return [
        Refund(refund_id=f"re_{place}", amount_minor=amount, status=SUCCEEDED)
        for place, amount in enumerate(amounts)
    ]


def test_what_is_refunded_more_is_told_within_its_series() -> None:
    """Only what arrived counts; the same total again is no news."""
    waiting = Refund(refund_id="re_9", amount_minor=100, status=PENDING)
    counted, facts = count_refunds(PURCHASE, [*refunds(300, 33), waiting], now=LATER)
    assert counted == replace(PURCHASE, refunded_minor=333, refunded_credits=333)
    assert facts == [PaymentRefunded(purchase=counted, is_reversed=False, occurred_at=LATER)]
    assert count_refunds(counted, refunds(333), now=LATER) == (counted, [])


def test_what_is_refunded_less_begins_a_series_before_the_last_is_reversed() -> None:
    """For a moment too much is taken, never too little; of nothing there is no series to tell."""
    before, _ = count_refunds(PURCHASE, refunds(300, 33), now=NOW)
    counted, facts = count_refunds(before, refunds(300), now=LATER)
    assert counted == replace(PURCHASE, refunded_minor=300, refunded_credits=300, refund_series=1)
    assert facts == [
        PaymentRefunded(purchase=counted, is_reversed=False, occurred_at=LATER),
        PaymentRefunded(purchase=before, is_reversed=True, occurred_at=LATER),
    ]
    nothing, facts = count_refunds(counted, [], now=LATER)
    assert nothing == replace(PURCHASE, refund_series=2)
    assert facts == [PaymentRefunded(purchase=counted, is_reversed=True, occurred_at=LATER)]


def dispute(state: DisputeState = DisputeState.OPENED, **changes: object) -> Dispute:
    """A dispute of half the money."""
    usual = Dispute(
        dispute_id="dp_1",
        purchase_id="pay_1",
        user_id="usr_1",
        payment_id="pi_1",
        disputed_minor=500,
        disputed_credits=500,
        currency="usd",
        state=state,
    )
    return replace(usual, **changes)


SEEN_DISPUTE = ProcessorDispute(
    dispute_id="dp_1",
    payment_id="pi_1",
    reference="chk_1",
    amount_minor=500,
    currency="usd",
    state=DisputeState.OPENED,
)


def test_a_dispute_is_of_its_purchase() -> None:
    """Every field; more than was paid is all of it; an amount only grows."""
    assert settle_dispute(PURCHASE, None, SEEN_DISPUTE) == dispute()
    more = settle_dispute(PURCHASE, None, replace(SEEN_DISPUTE, amount_minor=1000))
    assert more == dispute(disputed_minor=999, disputed_credits=1000)
    assert settle_dispute(PURCHASE, more, SEEN_DISPUTE) == more
    assert settle_dispute(PURCHASE, None, replace(SEEN_DISPUTE, state=None)) is None
    assert settle_dispute(PURCHASE, more, replace(SEEN_DISPUTE, state=None)) is more


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("refunded", "states", "status", "disputed", "taken"),
    [
        (0, [], PurchaseStatus.PAID, 0, 0),
        (1, [], PurchaseStatus.PARTIALLY_REFUNDED, 0, 1),
        (998, [], PurchaseStatus.PARTIALLY_REFUNDED, 0, 998),
        (999, [], PurchaseStatus.REFUNDED, 0, 999),
        (999, [DisputeState.OPENED], PurchaseStatus.DISPUTED, 500, 1000),
        (1, [DisputeState.LOST], PurchaseStatus.CHARGED_BACK, 500, 501),
        (1, [DisputeState.WON], PurchaseStatus.PARTIALLY_REFUNDED, 0, 1),
        (0, [DisputeState.LOST, DisputeState.OPENED], PurchaseStatus.DISPUTED, 999, 1000),
        (0, [DisputeState.WON, DisputeState.LOST], PurchaseStatus.CHARGED_BACK, 500, 500),
    ],
)
def test_where_the_money_of_a_purchase_is(
    refunded: int, states: list[DisputeState], status: PurchaseStatus, disputed: int, taken: int
) -> None:
    """A dispute says more than a refund; together they take at most what was bought."""
    purchase = replace(PURCHASE, refunded_minor=refunded, refunded_credits=refunded)
    standing = PurchaseStanding(purchase=purchase, disputes=tuple(dispute(state) for state in states))
    assert (standing.status, standing.disputed_minor, standing.taken_back_credits) == (
        status,
        disputed,
        taken,
    )


def test_a_pack_is_found_by_its_id() -> None:
    """Or not at all."""
    packs = tuple(
        Pack(
            pack_id=name,
            credits=1,
            price_minor=1,
            currency="usd",
            price_name=name,
            title=name,
            description=name,
        )
        for name in ("starter", "builder")
    )
    catalogue = Catalogue(packs)
    assert [catalogue.find(name) for name in ("builder", "starter", "none")] == [packs[1], packs[0], None]


def test_a_failure_is_described_as_text_that_every_store_takes() -> None:
    """A thousand characters, no NUL, no half characters."""
    assert described(ValueError("a\x00b")) == "ValueError('a\\x00b')"
    assert described(RuntimeError("x" * 2000)) == f"RuntimeError('{'x' * (1000 - 14)}"

    class Strange(Exception):
        def __repr__(self) -> str:
            return "a\x00\ud800"

    assert described(Strange()) == "a\\x00\\ud800"

    class Long(Exception):
        def __repr__(self) -> str:
            return "\ud800" * 1000

    assert described(Long()) == ("\\ud800" * 167)[:1000]
