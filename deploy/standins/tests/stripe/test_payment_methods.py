"""Cards that customers keep, by the names of Stripe's test cards."""

from __future__ import annotations

import pytest
import stripe

from .conftest import StandIn


def test_a_kept_card_can_be_the_default(standin: StandIn) -> None:
    """It is attached, becomes the default, is listed, expands, and is forgotten when it is detached."""
    sdk = standin.sdk.v1
    customer = sdk.customers.create({"email": "ada@example.com"})
    card = sdk.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    assert (card.customer, card.card.last4 if card.card else None) == (customer.id, "4242")
    sdk.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}})
    seen = sdk.customers.retrieve(customer.id, {"expand": ["invoice_settings.default_payment_method"]})
    assert seen.invoice_settings is not None
    assert isinstance(seen.invoice_settings.default_payment_method, stripe.PaymentMethod)
    assert seen.invoice_settings.default_payment_method.id == card.id
    assert [each.id for each in sdk.customers.payment_methods.list(customer.id).data] == [card.id]
    assert [each.id for each in sdk.payment_methods.list({"customer": customer.id}).data] == [card.id]
    sdk.payment_methods.detach(card.id)
    assert sdk.payment_methods.list({"customer": customer.id}).data == []
    left = sdk.customers.retrieve(customer.id).invoice_settings
    assert left is not None
    assert left.default_payment_method is None
    standin.inbox.wait_for_type("payment_method.attached")
    (detached,) = standin.inbox.wait_for_type("payment_method.detached")
    assert detached.data.previous_attributes is not None
    assert detached.data.previous_attributes["customer"] == customer.id


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
    ],
)
def test_a_declined_card_is_not_kept(
    standin: StandIn, card: str, code: str, decline_code: str | None
) -> None:
    """Attaching answers as the bank does and leaves nothing behind."""
    customer = standin.sdk.v1.customers.create()
    with pytest.raises(stripe.CardError) as refused:
        standin.sdk.v1.payment_methods.attach(card, {"customer": customer.id})
    assert refused.value.code == code
    assert refused.value.error is not None
    assert refused.value.error.decline_code == decline_code
    assert standin.sdk.v1.payment_methods.list({"customer": customer.id}).data == []


def test_anothers_card_is_no_default(standin: StandIn) -> None:
    """A card of another customer, or of nobody, is refused and changes nothing."""
    sdk = standin.sdk.v1
    mine, other = sdk.customers.create(), sdk.customers.create()
    card = sdk.payment_methods.attach("pm_card_visa", {"customer": other.id})
    for wrong in (card.id, "pm_none"):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            sdk.customers.update(mine.id, {"invoice_settings": {"default_payment_method": wrong}})
        assert refused.value.code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        sdk.payment_methods.attach(card.id, {"customer": mine.id})
    settings = sdk.customers.retrieve(mine.id).invoice_settings
    assert settings is not None
    assert settings.default_payment_method is None


def test_a_customer_is_made_with_a_card(standin: StandIn) -> None:
    """The test card's name is both attached and made the default."""
    customer = standin.sdk.v1.customers.create(
        {
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )
    (card,) = standin.sdk.v1.payment_methods.list({"customer": customer.id}).data
    assert customer.invoice_settings is not None
    assert customer.invoice_settings.default_payment_method == card.id
    standin.sdk.v1.customers.delete(customer.id)
    assert standin.sdk.v1.payment_methods.retrieve(card.id).customer is None
    standin.inbox.wait_for_type("customer.deleted")
