"""What a checkout is once the processor has said how its page stands: every field of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from billing.domain.check_schedule import next_check
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus, Purchase
from billing.domain.settlement import ProcessorCheckout, settle

OPENED = datetime(2026, 1, 1, tzinfo=UTC)
NOW = OPENED + timedelta(minutes=10)
CHECKOUT = Checkout(
    checkout_id="chk_1",
    user_id="usr_1",
    idempotency_key="k1",
    pack_id="starter",
    pack_title="Starter",
    credits=1000,
    price_minor=900,
    currency="usd",
    page_id="cs_1",
    url="https://pay.example/cs_1",
    created_at=OPENED,
    opened_at=OPENED,
    expires_at=OPENED + timedelta(days=1),
    next_check_at=NOW,
)
SEEN = ProcessorCheckout(
    page_id="cs_1",
    status=CheckoutStatus.OPEN,
    payment_status=PaymentStatus.UNPAID,
    payment_id=None,
    quantity=1,
    amount_minor=900,
    currency="usd",
    reference="chk_1",
    url="https://pay.example/anew",
    expires_at=OPENED + timedelta(days=2),
)
PAID = replace(
    SEEN,
    status=CheckoutStatus.COMPLETE,
    payment_status=PaymentStatus.PAID,
    payment_id="pi_1",
    quantity=2,
    amount_minor=1700,
    currency="eur",
)


def settled(checkout: Checkout, seen: ProcessorCheckout) -> tuple[Checkout, Purchase | None]:
    """Settle it now."""
    return settle(checkout, seen, purchase_id="pay_1", now=NOW)


def test_an_open_page_is_as_it_is_seen() -> None:
    """Address and end are the processor's; it is asked about again when it is due by its age."""
    known = replace(CHECKOUT, url=SEEN.url, expires_at=SEEN.expires_at)
    assert settled(CHECKOUT, SEEN) == (replace(known, next_check_at=next_check(known, NOW)), None)


def test_an_end_that_is_not_said_stays() -> None:
    """It was said before."""
    checkout, _ = settled(CHECKOUT, replace(SEEN, expires_at=None))
    assert checkout.expires_at == CHECKOUT.expires_at


def test_a_checkout_without_a_page_takes_the_one_that_is_seen() -> None:
    """Its answer was lost when it was opened."""
    checkout, purchase = settled(replace(CHECKOUT, page_id=None, url=None), SEEN)
    assert (checkout.page_id, checkout.url, purchase) == ("cs_1", SEEN.url, None)


@pytest.mark.parametrize("status", [CheckoutStatus.COMPLETE, CheckoutStatus.EXPIRED])
def test_a_page_that_is_not_open_has_no_address(status: CheckoutStatus) -> None:
    """Whatever the processor says that it was."""
    checkout, _ = settled(CHECKOUT, replace(SEEN, status=status))
    assert (checkout.status, checkout.url) == (status, None)


def test_a_purchase_is_what_was_paid_for() -> None:
    """The pack times what was bought, the money that arrived, and this moment; nothing is due any more."""
    checkout, purchase = settled(CHECKOUT, PAID)
    assert purchase == Purchase(
        purchase_id="pay_1",
        user_id="usr_1",
        checkout_id="chk_1",
        pack_id="starter",
        pack_title="Starter",
        credits=2000,
        amount_minor=1700,
        currency="eur",
        payment_id="pi_1",
        created_at=NOW,
    )
    assert checkout == replace(
        CHECKOUT,
        url=None,
        status=CheckoutStatus.COMPLETE,
        payment_status=PaymentStatus.PAID,
        purchase_id="pay_1",
        next_check_at=None,
    )


@pytest.mark.parametrize("seen", [PAID, SEEN, replace(SEEN, status=CheckoutStatus.EXPIRED)])
def test_a_page_that_has_its_purchase_never_changes(seen: ProcessorCheckout) -> None:
    """An answer that is old by now undoes nothing, and pays nothing twice."""
    bought, _ = settled(CHECKOUT, PAID)
    assert settle(bought, seen, purchase_id="pay_2", now=NOW + timedelta(days=1)) == (bought, None)


def test_an_older_page_that_was_paid_is_a_purchase_beside_the_first() -> None:
    """The checkout names the first, and keeps the page that it has."""
    bought, _ = settled(CHECKOUT, PAID)
    older = replace(PAID, page_id="cs_0", payment_id="pi_0")
    again, purchase = settle(bought, older, purchase_id="pay_2", now=NOW)
    assert again == bought
    assert purchase is not None
    assert (purchase.purchase_id, purchase.payment_id) == ("pay_2", "pi_0")
