"""The billing portal, used by a person, and the control page."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from .billing import DAY_S, START, Subscriber, item_of, price
from .conftest import StandIn

HOUR_S = 3600


@pytest.fixture
def ada(standin: StandIn) -> Subscriber:
    """Somebody with a card."""
    return Subscriber.join(standin)


def configured(standin: StandIn, *plans: stripe.Price, **switch: Any) -> str:
    """A configuration in which everything is offered, with these plans to switch between."""
    products = [{"product": plan.product, "prices": [plan.id]} for plan in plans]
    features: Any = {
        "customer_update": {"enabled": True, "allowed_updates": ["email", "name"]},
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {
            "enabled": True,
            "mode": "at_period_end",
            "cancellation_reason": {"enabled": True, "options": ["too_expensive", "other"]},
        },
        "subscription_update": {
            "enabled": True,
            "default_allowed_updates": ["price"],
            "products": products,
            "proration_behavior": "always_invoice",
            "schedule_at_period_end": {"conditions": [{"type": "decreasing_item_amount"}]},
            **switch,
        },
    }
    return standin.sdk.v1.billing_portal.configurations.create({"features": features}).id


def opened(ada: Subscriber, configuration: str, **params: Any) -> str:
    """The address of the customer's portal."""
    values: Any = {"customer": ada.customer, "configuration": configuration, **params}
    return ada.standin.sdk.v1.billing_portal.sessions.create(values).url


def press(url: str, action: str, **form: str) -> httpx.Response:
    """Press one of the portal's buttons."""
    return httpx.post(url, data={"action": action, **form})


def test_the_portal_shows_plan_card_and_invoices(standin: StandIn, ada: Subscriber) -> None:
    """What the customer has, and where the page leads back to."""
    plan = price(standin, 2900)
    ada.subscribe(plan)
    url = opened(ada, configured(standin, plan), return_url="https://shop.example/billing")
    page = httpx.get(url).text
    for words in ("$29.00 per month", "renews on 01 Feb 2027", "•••• 4242", "Cancel subscription"):
        assert words in page
    assert 'href="https://shop.example/billing"' in page
    assert (ada.invoices()[0].hosted_invoice_url or "") in page
    assert httpx.get(f"{standin.url}/p/session/bps_none").status_code == 404


def test_an_upgrade_happens_at_once_and_a_downgrade_later(standin: StandIn, ada: Subscriber) -> None:
    """The larger plan is charged now; the smaller one waits, is shown, and can be taken back."""
    small, large = price(standin, 3000), price(standin, 6000, name="Business")
    subscription = ada.subscribe(small)
    url = opened(ada, configured(standin, small, large))
    assert press(url, "switch", subscription=subscription.id, price=large.id).status_code == 303
    assert (item_of(ada.seen(subscription)).price.id, ada.invoices()[-1].amount_paid) == (large.id, 3000)
    press(url, "switch", subscription=subscription.id, price=small.id)
    waiting = ada.seen(subscription)
    assert (item_of(waiting).price.id, waiting.schedule is None) == (large.id, False)
    assert "From 01 Feb 2027 on" in httpx.get(url).text
    press(url, "keep", subscription=subscription.id)
    assert ada.seen(subscription).schedule is None
    press(url, "switch", subscription=subscription.id, price=small.id)
    press(url, "cancel", subscription=subscription.id)
    assert (ada.seen(subscription).schedule, ada.seen(subscription).cancel_at_period_end) == (None, True)
    press(url, "renew", subscription=subscription.id)
    press(url, "switch", subscription=subscription.id, price=small.id)
    ada.advance(item_of(subscription).current_period_end + HOUR_S)
    assert (item_of(ada.seen(subscription)).price.id, ada.invoices()[-1].amount_paid) == (small.id, 3000)
    standin.inbox.wait_for_type("subscription_schedule.created", count=3)


def test_a_switch_that_cannot_be_paid_changes_nothing(standin: StandIn, ada: Subscriber) -> None:
    """The page says what the bank says."""
    small, large = price(standin, 3000), price(standin, 6000)
    subscription = ada.subscribe(small)
    url = opened(ada, configured(standin, small, large))
    ada.keep("pm_card_chargeCustomerFail")
    refused = press(url, "switch", subscription=subscription.id, price=large.id)
    assert (refused.status_code, "Your card was declined." in refused.text) == (402, True)
    assert (item_of(ada.seen(subscription)).price.id, len(ada.invoices())) == (small.id, 1)


def test_cancelling_and_going_on(standin: StandIn, ada: Subscriber) -> None:
    """At the end of the period, with the reason; taken back, it renews."""
    plan = price(standin, 2900)
    subscription = ada.subscribe(plan)
    url = opened(ada, configured(standin, plan))
    press(url, "cancel", subscription=subscription.id, feedback="too_expensive")
    cancelling = ada.seen(subscription)
    assert cancelling.cancellation_details is not None
    assert (cancelling.cancel_at_period_end, cancelling.cancellation_details.feedback) == (
        True,
        "too_expensive",
    )
    assert "Your plan ends on 01 Feb 2027" in httpx.get(url).text
    press(url, "renew", subscription=subscription.id)
    assert ada.seen(subscription).cancel_at is None
    ada.advance(item_of(subscription).current_period_end + HOUR_S)
    assert ada.seen(subscription).status == "active"


def test_another_card_pays_from_now_on(standin: StandIn, ada: Subscriber) -> None:
    """It is kept and the default; a card that can't be kept is refused."""
    plan = price(standin, 2900)
    ada.subscribe(plan)
    url = opened(ada, configured(standin, plan))
    assert press(url, "card", card="pm_card_visa_chargeDeclined").status_code == 400
    assert press(url, "card", card="pm_card_mastercard").status_code == 303
    customer = standin.sdk.v1.customers.retrieve(
        ada.customer, {"expand": ["invoice_settings.default_payment_method"]}
    )
    assert customer.invoice_settings is not None
    method = customer.invoice_settings.default_payment_method
    assert isinstance(method, stripe.PaymentMethod)
    assert method.card is not None
    assert method.card.last4 == "4444"
    press(url, "details", email="grace@example.com")
    assert standin.sdk.v1.customers.retrieve(ada.customer).email == "grace@example.com"


def test_the_portal_does_what_it_offers_and_no_more(standin: StandIn, ada: Subscriber) -> None:
    """Another customer's subscription, a plan that is not offered, a feature that is off: nothing happens."""
    plan, secret = price(standin, 2900), price(standin, 100)
    mine = ada.subscribe(plan)
    grace = Subscriber.join(standin)
    hers = grace.subscribe(plan)
    url = opened(ada, configured(standin, plan))
    assert press(url, "cancel", subscription=hers.id).status_code == 400
    assert press(url, "switch", subscription=mine.id, price=secret.id).status_code == 400
    bare: Any = {"features": {"invoice_history": {"enabled": True}}}
    closed = opened(ada, standin.sdk.v1.billing_portal.configurations.create(bare).id)
    assert press(closed, "cancel", subscription=mine.id).status_code == 400
    assert press(closed, "card", card="pm_card_visa").status_code == 400
    assert "Cancel subscription" not in httpx.get(closed).text
    assert not ada.seen(mine).cancel_at_period_end
    assert grace.seen(hers).status == "active"
    with pytest.raises(stripe.InvalidRequestError, match="No configuration provided"):
        standin.sdk.v1.billing_portal.sessions.create({"customer": ada.customer})


def test_a_flow_leads_back_when_it_is_done(standin: StandIn, ada: Subscriber) -> None:
    """The session names what the customer comes for."""
    plan = price(standin, 2900)
    subscription = ada.subscribe(plan)
    flow = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": subscription.id},
        "after_completion": {"type": "redirect", "redirect": {"return_url": "https://shop.example/bye"}},
    }
    url = opened(ada, configured(standin, plan), flow_data=flow)
    answer = press(url, "cancel", subscription=subscription.id)
    assert (answer.status_code, answer.headers["location"]) == (303, "https://shop.example/bye")


def test_a_person_advances_a_customer_of_the_real_clock(standin: StandIn) -> None:
    """The control page puts them on a clock, and renewals come; their card can be another."""
    sdk = standin.sdk.v1
    params: Any = {
        "email": "ada@example.com",
        "payment_method": "pm_card_visa",
        "invoice_settings": {"default_payment_method": "pm_card_visa"},
    }
    customer = sdk.customers.create(params)
    plan = price(standin, 2900)
    subscription = sdk.subscriptions.create({"customer": customer.id, "items": [{"price": plan.id}]})
    url = f"{standin.url}/control"
    assert "ada@example.com" in httpx.get(url).text
    form = {"customer": customer.id}
    assert httpx.post(url, data={**form, "action": "renewal"}).status_code == 303
    standin.inbox.wait_for_type("test_helpers.test_clock.ready")
    assert [each.status for each in sdk.invoices.list({"subscription": subscription.id}).data] == ["paid"] * 2
    httpx.post(url, data={**form, "action": "card", "card": "pm_card_chargeCustomerFail"})
    httpx.post(url, data={**form, "action": "renewal"})
    standin.inbox.wait_for_type("test_helpers.test_clock.ready", count=2)
    assert sdk.subscriptions.retrieve(subscription.id).status == "past_due"
    assert httpx.post(url, data={**form, "action": "step", "step": "century"}).status_code == 400


def test_the_same_by_the_control_endpoints(standin: StandIn, ada: Subscriber) -> None:
    """A card, and days; both at once or neither is refused."""
    subscription = ada.subscribe(price(standin, 2900))
    standin.control("POST", f"customers/{ada.customer}/card", card="pm_card_chargeCustomerFail")
    moving = standin.control("POST", f"customers/{ada.customer}/advance", days=32)
    assert (moving["status"], moving["id"]) == ("advancing", ada.clock)
    standin.inbox.wait_for_type("test_helpers.test_clock.ready")
    assert ada.seen(subscription).status == "past_due"
    assert standin.sdk.v1.test_helpers.test_clocks.retrieve(ada.clock).frozen_time == START + 32 * DAY_S
    with pytest.raises(httpx.HTTPStatusError):
        standin.control("POST", f"customers/{ada.customer}/advance")
    with pytest.raises(httpx.HTTPStatusError):
        standin.control("POST", f"customers/{ada.customer}/card", card="pm_card_visa_chargeDeclined")
