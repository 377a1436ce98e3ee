"""What a buyer changes before paying: a promotion code, the quantity; and orders with nothing to pay."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from .conftest import StandIn


def items_of(standin: StandIn, session: stripe.checkout.Session) -> list[stripe.LineItem]:
    """The session's items as they stand."""
    return standin.sdk.v1.checkout.sessions.line_items.list(session.id).data


def press(standin: StandIn, session: stripe.checkout.Session, action: str, **fields: Any) -> httpx.Response:
    """Press a button of the page with more fields filled in."""
    form = {"action": action, "email": "ada@example.com", **fields}
    return httpx.post(f"{standin.url}/c/pay/{session.id}", data=form)


def test_a_promotion_code_for_everything_leaves_nothing_to_pay(standin: StandIn) -> None:
    """The session completes with nothing required, without a payment; the event says so."""
    sdk = standin.sdk.v1
    coupon = sdk.coupons.create({"percent_off": 100})
    sdk.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "FREE"})
    session = standin.session(allow_promotion_codes=True)
    page = press(standin, session, "update", promotion_code="free")
    assert (page.status_code, "Complete the order" in page.text) == (200, True)
    shown = sdk.checkout.sessions.retrieve(session.id)
    assert (shown.status, shown.amount_subtotal, shown.amount_total) == ("open", 1000, 0)
    assert press(standin, session, "pay").status_code == 303
    done = sdk.checkout.sessions.retrieve(session.id)
    assert (done.status, done.payment_status, done.payment_intent, done.amount_total) == (
        "complete",
        "no_payment_required",
        None,
        0,
    )
    assert done.total_details is not None
    assert done.total_details.amount_discount == 1000
    assert sdk.payment_intents.list().data == []
    (event,) = standin.inbox.wait_for_type("checkout.session.completed")
    assert event.data.object["payment_status"] == "no_payment_required"


def test_a_coupon_from_the_start_takes_its_part(standin: StandIn) -> None:
    """Percentage and amount; what is paid is what is left."""
    sdk = standin.sdk.v1
    for terms, left in (({"percent_off": 25}, 750), ({"amount_off": 400, "currency": "usd"}, 600)):
        coupon = sdk.coupons.create(terms)  # type: ignore[arg-type]
        session = standin.session(discounts=[{"coupon": coupon.id}])
        assert (session.amount_subtotal, session.amount_total) == (1000, left)
        (item,) = items_of(standin, session)
        assert (item.amount_discount, item.amount_total) == (1000 - left, left)
        standin.submit(session, "pay")
        paid = sdk.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
        assert isinstance(paid.payment_intent, stripe.PaymentIntent)
        assert (paid.payment_status, paid.payment_intent.amount_received) == ("paid", left)


def test_the_quantity_is_the_buyers_within_its_bounds(standin: StandIn) -> None:
    """Three are paid as three, after a declined card too; what is out of bounds changes nothing."""
    price = {"currency": "usd", "unit_amount": 1000, "product_data": {"name": "Starter"}}
    adjustable = {"enabled": True, "minimum": 1, "maximum": 5}
    session = standin.session(
        line_items=[{"price_data": price, "quantity": 1, "adjustable_quantity": adjustable}]
    )
    (item,) = items_of(standin, session)
    field = f"quantity_{item.id}"
    for wrong in ("0", "6", "-1", "many"):
        assert press(standin, session, "pay", **{field: wrong}).status_code == 400
    assert items_of(standin, session)[0].quantity == 1
    assert standin.submit(session, "decline").status_code == 402
    assert press(standin, session, "pay", **{field: "3"}).status_code == 303
    (bought,) = items_of(standin, session)
    assert (bought.quantity, bought.amount_total) == (3, 3000)
    paid = standin.sdk.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert (paid.amount_total, paid.payment_intent.amount_received) == (3000, 3000)


def test_a_quantity_that_is_fixed_and_a_code_that_is_not_asked_for_are_refused(standin: StandIn) -> None:
    """Nothing is paid and nothing changes."""
    sdk = standin.sdk.v1
    coupon = sdk.coupons.create({"percent_off": 50})
    code = sdk.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    session = standin.session()
    (item,) = items_of(standin, session)
    assert press(standin, session, "pay", **{f"quantity_{item.id}": "2"}).status_code == 400
    assert press(standin, session, "pay", promotion_code=code.code).status_code == 400
    unchanged = sdk.checkout.sessions.retrieve(session.id)
    assert (unchanged.status, unchanged.amount_total) == ("open", 1000)
    ended = standin.session(allow_promotion_codes=True)
    sdk.promotion_codes.update(code.id, {"active": False})
    assert press(standin, ended, "update", promotion_code=code.code).status_code == 400


@pytest.mark.parametrize("field", ["coupon", "promotion_code"])
def test_an_unknown_discount_opens_nothing(standin: StandIn, field: str) -> None:
    """The refusal names the field."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        standin.session(discounts=[{field: "none"}])
    assert (refused.value.param, refused.value.code) == (f"discounts[0][{field}]", "resource_missing")
    assert standin.sdk.v1.checkout.sessions.list().data == []


def test_a_price_of_an_archived_product_can_not_be_sold(standin: StandIn) -> None:
    """The price itself stays active and is still listed, as at Stripe."""
    sdk = standin.sdk.v1
    product = sdk.products.create({"name": "Pack"})
    price = sdk.prices.create(
        {"currency": "usd", "unit_amount": 1000, "product": product.id, "lookup_key": "pack"}
    )
    sdk.products.update(product.id, {"active": False})
    assert [one.id for one in sdk.prices.list({"lookup_keys": ["pack"], "active": True}).data] == [price.id]
    with pytest.raises(stripe.InvalidRequestError, match="its product is not active") as refused:
        standin.session(line_items=[{"price": price.id, "quantity": 1}])
    assert (refused.value.param, refused.value.code) == ("line_items[0][price]", None)
    sdk.products.update(product.id, {"active": True})
    assert standin.session(line_items=[{"price": price.id, "quantity": 1}]).status == "open"
