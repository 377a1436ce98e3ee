"""From checkout to purchase, over every store."""

import asyncio
from dataclasses import replace

import pytest
from billing.domain.checkout import CheckoutStatus
from billing.domain.errors import (
    CheckoutNotFound,
    IdempotencyKeyReused,
    InvalidField,
    InvalidSignature,
    PaymentProcessorMisconfigured,
    PaymentProcessorUnavailable,
    UnknownPack,
)
from billing.domain.webhook_event import WebhookState
from billing_support import BillingUnderTest, order


def session_of(billing: BillingUnderTest) -> str:
    """The only session at the processor."""
    (session_id,) = billing.processor.sessions
    return session_id


async def test_a_paid_checkout_is_one_purchase(any_billing: BillingUnderTest) -> None:
    """Told three times by three events, it is bought once, with the pack's credits."""
    opened = await any_billing.open()
    session = session_of(any_billing)
    any_billing.processor.pay(session)
    for number in range(3):
        await any_billing.told(session, event_id=f"evt_{number}")
        assert (await any_billing.told(session, event_id=f"evt_{number}")).duplicate
    assert await any_billing.process_all() == [WebhookState.DONE] * 3
    await any_billing.facts.expect(("PaymentCompleted", "pi_1", 1000, 1000))
    (purchase,) = await any_billing.purchases()
    assert (purchase.credits, purchase.amount_minor, purchase.currency) == (1000, 1000, "usd")
    checkout = await any_billing.follow("usr_1", opened.checkout.checkout_id)
    assert (checkout.status, checkout.purchase_id) == (CheckoutStatus.COMPLETE, purchase.purchase_id)
    assert [one.purchase.payment_id async for one in any_billing.reader.settled_payments()] == [
        purchase.payment_id
    ]


async def test_many_workers_process_one_event_once(any_billing: BillingUnderTest) -> None:
    """Eight at a time make one purchase."""
    await any_billing.open()
    session = session_of(any_billing)
    any_billing.processor.pay(session)
    await any_billing.told(session, event_id="evt_1")
    await asyncio.gather(*(any_billing.process() for _ in range(8)))
    await asyncio.gather(*(any_billing.settle(session) for _ in range(8)))
    assert len(await any_billing.purchases()) == 1
    await any_billing.facts.expect(("PaymentCompleted", "pi_1", 1000, 1000))


async def test_an_unpaid_session_grants_nothing_until_it_is_paid(any_billing: BillingUnderTest) -> None:
    """A payment that takes days is complete, and a purchase only once the money is there."""
    await any_billing.open()
    session = session_of(any_billing)
    any_billing.processor.promise(session)
    await any_billing.told(session, event_id="evt_1")
    assert await any_billing.process_all() == [WebhookState.DONE]
    assert await any_billing.purchases() == []
    any_billing.processor.pay(session)
    await any_billing.told(session, event_id="evt_2")
    await any_billing.process_all()
    assert len(await any_billing.purchases()) == 1
    await any_billing.facts.expect(("PaymentCompleted", "pi_2", 1000, 1000))


async def test_order_does_not_matter(any_billing: BillingUnderTest) -> None:
    """Paid after it was told expired is a purchase; told expired after it was paid changes nothing."""
    opened = await any_billing.open()
    session = session_of(any_billing)
    any_billing.processor.expire(session)
    await any_billing.settle(session)
    checkout = await any_billing.follow("usr_1", opened.checkout.checkout_id)
    assert checkout.status is CheckoutStatus.EXPIRED
    any_billing.processor.pay(session)
    await any_billing.settle(session)
    any_billing.processor.expire(session)
    await any_billing.settle(session)
    assert len(await any_billing.purchases()) == 1
    checkout = await any_billing.follow("usr_1", opened.checkout.checkout_id)
    assert checkout.status is CheckoutStatus.COMPLETE
    await any_billing.facts.expect(("PaymentCompleted", "pi_1", 1000, 1000))


async def test_a_lost_webhook_costs_time_only(any_billing: BillingUnderTest) -> None:
    """The reconciler finds a payment that nobody spoke of, after the grace."""
    await any_billing.open()
    any_billing.processor.pay(session_of(any_billing))
    assert await any_billing.reconcile() == 0
    any_billing.clock.advance(5)
    assert await any_billing.reconcile() == 1
    assert len(await any_billing.purchases()) == 1
    assert await any_billing.reconcile() == 0
    await any_billing.facts.expect(("PaymentCompleted", "pi_1", 1000, 1000))


async def test_nobody_is_sent_to_a_page_with_another_price(any_billing: BillingUnderTest) -> None:
    """A catalogue that was changed and not published sells nothing."""
    await any_billing.open(key="k1")
    session = session_of(any_billing)
    cheaper = replace(any_billing.processor.sessions[session], amount_minor=1)
    any_billing.processor.sessions.clear()
    any_billing.processor.sessions["cs_chk_00000002"] = replace(cheaper, page_id="cs_chk_00000002")
    with pytest.raises(PaymentProcessorMisconfigured, match="right now"):
        await any_billing.open(key="k2")


async def test_webhooks_that_are_not_ours_are_ignored(any_billing: BillingUnderTest) -> None:
    """Another product's session is stored and does nothing."""
    await any_billing.open()
    ours = any_billing.processor.sessions[session_of(any_billing)]
    any_billing.processor.sessions["cs_other"] = replace(ours, page_id="cs_other", reference="x_1")
    await any_billing.told("cs_other", event_id="evt_1")
    assert await any_billing.process_all() == [WebhookState.IGNORED]
    assert await any_billing.purchases() == []


async def test_a_forged_webhook_is_not_stored(any_billing: BillingUnderTest) -> None:
    """Without the processor's signature nothing happens."""
    await any_billing.open()
    any_billing.processor.pay(session_of(any_billing))
    with pytest.raises(InvalidSignature):
        await any_billing.receive({"signature": "forged"}, b'{"id": "evt_1"}')
    assert await any_billing.process_all() == []
    assert await any_billing.purchases() == []


async def test_a_key_opens_one_checkout(any_billing: BillingUnderTest) -> None:
    """The same key returns the same page; for another pack it is refused, and nothing new is opened."""
    first = await any_billing.open(key="k1")
    again = await any_billing.open(key="k1")
    assert (again.checkout.checkout_id, again.replayed) == (first.checkout.checkout_id, True)
    assert again.checkout.url == first.checkout.url
    with pytest.raises(IdempotencyKeyReused):
        await any_billing.open(pack="builder", key="k1")
    other = await any_billing.open(user_id="usr_2", key="k1")
    assert other.checkout.checkout_id != first.checkout.checkout_id
    assert len(any_billing.processor.sessions) == 2


async def test_a_crash_before_the_processor_answered_is_made_good(any_billing: BillingUnderTest) -> None:
    """The committed checkout gets its page when the key comes again."""
    any_billing.processor.answers = False
    with pytest.raises(PaymentProcessorUnavailable):
        await any_billing.open(key="k1")
    any_billing.processor.answers = True
    opened = await any_billing.open(key="k1")
    assert opened.checkout.url
    assert len(any_billing.processor.sessions) == 1


async def test_another_users_checkout_is_not_found(any_billing: BillingUnderTest) -> None:
    """Nobody learns that it exists."""
    opened = await any_billing.open()
    with pytest.raises(CheckoutNotFound):
        await any_billing.follow("usr_2", opened.checkout.checkout_id)


async def test_purchases_are_paged(any_billing: BillingUnderTest) -> None:
    """Pages meet without gap or overlap, newest first."""
    for number in range(5):
        opened = await any_billing.open(key=f"k{number}")
        session = opened.checkout.page_id or ""
        any_billing.processor.pay(session)
        await any_billing.settle(session)
        await any_billing.facts.expect(("PaymentCompleted", f"pi_{number + 1}", 1000, 1000))
    first = await any_billing.page("usr_1", limit=3)
    second = await any_billing.page("usr_1", before=first.next_before, limit=3)
    seen = [one.purchase.purchase_id for one in first.purchases + second.purchases]
    assert seen == sorted(seen, reverse=True)
    assert (len(seen), second.next_before) == (5, None)


@pytest.mark.parametrize("before", ["zz", "pay_none", "pay_\x00", "p" * 300])
async def test_a_place_that_is_in_nobodys_list_is_refused(any_billing: BillingUnderTest, before: str) -> None:
    """So is another user's: a page that is empty would be taken for the end."""
    theirs = (await any_billing.bought("usr_2")).purchase_id
    await any_billing.bought()
    for place in (before, theirs):
        with pytest.raises(InvalidField) as refused:
            await any_billing.page("usr_1", before=place, limit=3)
        assert refused.value.field == "page_token"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("success_url", {"success_url": "https://evil.example/billing"}),
        ("success_url", {"success_url": "https://app.example.evil/billing"}),
        ("cancel_url", {"cancel_url": "javascript:alert(1)"}),
        ("pack_id", {"pack_id": ""}),
        ("user_id", {"user_id": "x" * 300}),
        ("success_url", {"success_url": "https://[app.example/billing"}),
        ("success_url", {"success_url": "https://app.example/\x7f"}),
        ("idempotency_key", {"idempotency_key": "k\n1"}),
    ],
)
async def test_bad_fields_are_named_and_open_nothing(
    memory_billing: BillingUnderTest, field: str, changes: dict[str, str]
) -> None:
    """The error says which field is wrong."""
    with pytest.raises(InvalidField) as refused:
        await memory_billing.create(replace(order(), **changes))
    assert refused.value.field == field
    assert memory_billing.processor.sessions == {}


async def test_an_unknown_pack_is_refused(memory_billing: BillingUnderTest) -> None:
    """Nothing is opened for it."""
    with pytest.raises(UnknownPack):
        await memory_billing.open(pack="gold")
    assert memory_billing.processor.sessions == {}


@pytest.mark.parametrize("value", ["", "x" * 256, "a\x00"])
async def test_whose_purchases_has_to_be_said(memory_billing: BillingUnderTest, value: str) -> None:
    """Refused by its field; so is a place that no place can be, with what is wrong with it."""
    with pytest.raises(InvalidField) as refused:
        await memory_billing.page(value, limit=3)
    assert refused.value.field == "user_id"
    with pytest.raises(InvalidField, match=r"page_token: (is required|has 256|must not hold)"):
        await memory_billing.page("usr_1", before=value, limit=3)


async def test_a_purchase_has_an_id_of_its_own(memory_billing: BillingUnderTest) -> None:
    """That says what it is; the checkout leads to it."""
    purchase = await memory_billing.bought()
    assert purchase.purchase_id.startswith("pay_")
    checkout = await memory_billing.reader.checkout("usr_1", purchase.checkout_id)
    assert checkout is not None
    assert checkout.purchase_id == purchase.purchase_id
