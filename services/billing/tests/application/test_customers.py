"""A customer who is gone at the payment processor, or who pays with something else by now."""

import pytest
from billing.domain.auto_top_up import AutoTopUpStatus, ChargeStatus, StopReason
from billing.domain.identifiers import UserId
from billing.domain.webhook_event import IgnoredCause, WebhookState
from billing_support import BillingUnderTest, plan_order
from top_up_world import USER, Account

STOPPED = ("AutoTopUpStopped", USER, "AUTO_TOP_UP_STOP_REASON_NO_PAYMENT_METHOD")


async def told(billing: BillingUnderTest, customer_id: str, event_id: str = "evt_1") -> list[WebhookState]:
    """Deliver a webhook about a customer, and work it out."""
    await billing.told_about(event_id, customer_id=customer_id)
    return await billing.process_all()


async def ready(billing: BillingUnderTest) -> Account:
    """Somebody with a card, whose packs are bought by themselves."""
    account = Account(billing)
    await account.keep_card()
    await account.want()
    return account


async def test_a_card_that_is_gone_stops_auto_top_up_at_once(any_billing: BillingUnderTest) -> None:
    """Not only when credits run low; told once, however often it comes. With another card it goes on."""
    account = await ready(any_billing)
    customer = await account.customer()
    del any_billing.processor.methods[customer]
    assert await told(any_billing, customer) == [WebhookState.DONE]
    assert await told(any_billing, customer, "evt_2") == [WebhookState.DONE]
    view = await account.view()
    assert view.method is None
    stands = await account.standing()
    assert (stands.status, stands.reason) == (AutoTopUpStatus.PAUSED_BY_FAILURE, StopReason.NO_PAYMENT_METHOD)
    await any_billing.facts.expect(STOPPED)
    any_billing.processor.keep_card(customer, last4="5556")
    await account.want()
    assert await told(any_billing, customer, "evt_3") == [WebhookState.DONE]
    assert (await account.standing()).status is AutoTopUpStatus.ACTIVE
    method = (await account.view()).method
    assert (method is not None and method.last4) == "5556"


async def test_another_card_stops_nothing(any_billing: BillingUnderTest) -> None:
    """One was taken away and another kept before anybody looked: the webhook says only whom to ask about."""
    account = await ready(any_billing)
    customer = await account.customer()
    any_billing.processor.keep_card(customer, last4="5556")
    assert await told(any_billing, customer) == [WebhookState.DONE]
    assert (await account.standing()).status is AutoTopUpStatus.ACTIVE


async def test_a_top_up_in_flight_is_not_stopped_over_its_head(any_billing: BillingUnderTest) -> None:
    """Its money may be on the way: whoever began it settles it."""
    account = Account(any_billing)
    await account.keep_card(bank=ChargeStatus.PROCESSING)
    await account.want()
    await account.falls_to(50)
    assert await any_billing.run_top_ups() == 1
    customer = await account.customer()
    in_flight = (await account.standing()).in_flight
    assert in_flight is not None
    del any_billing.processor.methods[customer]
    assert await told(any_billing, customer) == [WebhookState.DONE]
    stands = await account.standing()
    assert (stands.status, stands.in_flight) == (AutoTopUpStatus.ACTIVE, in_flight)


@pytest.mark.parametrize("wanted", [True, False])
async def test_who_never_wanted_it_or_turned_it_off_is_told_nothing(
    any_billing: BillingUnderTest, wanted: bool
) -> None:
    """There is nothing that stops."""
    account = Account(any_billing)
    customer = await account.customer()
    if wanted:
        await account.keep_card()
        await account.want()
        await account.want(is_on=False)
        del any_billing.processor.methods[customer]
    assert await told(any_billing, customer) == [WebhookState.DONE]


async def test_a_deleted_customers_plan_ends_as_the_processor_says(any_billing: BillingUnderTest) -> None:
    """By the customer's own webhook alone; the next checkout makes another customer."""
    opened = (await any_billing.create(plan_order())).checkout
    any_billing.processor.pay(opened.page_id or "")
    await any_billing.settle(opened.page_id or "")  # type: ignore[arg-type]
    account = Account(any_billing)
    customer = await account.customer()
    (subscription,) = any_billing.processor.subscriptions
    any_billing.processor.end(subscription)
    any_billing.processor.gone.add(customer)
    assert await told(any_billing, customer) == [WebhookState.DONE]
    live = await any_billing.reader.subscription(UserId(USER))
    assert live is None or live.paid is None
    assert (await account.view()).method is None
    again = (await any_billing.open()).checkout
    assert again.url
    assert await account.customer() != customer
    # What comes late of the one before changes nothing of the one after.
    any_billing.processor.keep_card(await account.customer())
    await account.want()
    assert await told(any_billing, customer, "evt_2") == [WebhookState.IGNORED]
    assert (await account.standing()).status is AutoTopUpStatus.ACTIVE
    await any_billing.facts.pass_over()


async def test_another_apps_customer_is_nobody_here(any_billing: BillingUnderTest) -> None:
    """Nothing is even asked about."""
    any_billing.processor.answers = False
    assert await told(any_billing, "cus_else") == [WebhookState.IGNORED]
    assert (await any_billing.stored("evt_1")).event.cause is IgnoredCause.NOT_OURS


async def test_while_the_processor_is_away_a_customers_webhook_waits(any_billing: BillingUnderTest) -> None:
    """Nobody's auto top-up is stopped at a guess."""
    account = await ready(any_billing)
    any_billing.processor.answers = False
    assert await told(any_billing, await account.customer()) == [WebhookState.WAITING]
    any_billing.processor.answers = True
    assert (await account.standing()).status is AutoTopUpStatus.ACTIVE
