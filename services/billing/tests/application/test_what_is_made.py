"""What a checkout is made of, what a refusal names, and where a list of purchases ends."""

from dataclasses import replace

import pytest
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus
from billing.domain.errors import IdempotencyKeyReused, InvalidField, UnknownPack
from billing.domain.page_request import fingerprint
from billing_support import BillingUnderTest, order


@pytest.mark.parametrize("field", ["user_id", "email", "pack_id", "idempotency_key", "success_url"])
async def test_what_is_empty_is_refused(memory_billing: BillingUnderTest, field: str) -> None:
    """Absent is None, where it may be absent; an empty text is a text."""
    with pytest.raises(InvalidField) as refused:
        await memory_billing.create(replace(order(), **{field: ""}))
    assert refused.value.details == {"field": field}


async def test_a_checkout_is_all_that_was_asked_for(memory_billing: BillingUnderTest) -> None:
    """At the pack's terms, at this moment, due in a few seconds; the first of its key is no replay."""
    now, asked = memory_billing.clock.now(), order(key="k1")
    opened = await memory_billing.create(asked)
    stored = await memory_billing.reader.checkout("usr_1", opened.checkout.checkout_id)
    assert (opened.checkout, opened.replayed) == (stored, False)
    assert stored is not None
    assert stored.next_check_at is not None
    assert stored == Checkout(
        checkout_id="chk_00000001",
        user_id="usr_1",
        idempotency_key="k1",
        pack_id="starter",
        pack_title="Starter",
        credits=1000,
        price_minor=1000,
        currency="usd",
        page_id="cs_chk_00000001",
        url="https://pay.example/cs_chk_00000001",
        status=CheckoutStatus.OPEN,
        payment_status=PaymentStatus.UNPAID,
        created_at=now,
        opened_at=now,
        expires_at=memory_billing.processor.sessions["cs_chk_00000001"].expires_at,
        fingerprint=fingerprint(
            pack_id="starter", success_url=asked.success_url, cancel_url=asked.cancel_url
        ),
        next_check_at=stored.next_check_at,
    )
    assert (stored.next_check_at - now).total_seconds() == 5


async def test_without_a_key_every_call_opens_a_checkout(memory_billing: BillingUnderTest) -> None:
    """Its own id is the key."""
    opened = [await memory_billing.open() for _ in range(2)]
    assert [checkout.replayed for checkout in opened] == [False, False]
    assert [checkout.checkout.idempotency_key for checkout in opened] == [
        checkout.checkout.checkout_id for checkout in opened
    ]
    assert len({checkout.checkout.checkout_id for checkout in opened}) == 2


async def test_a_refusal_names_what_it_is_about(memory_billing: BillingUnderTest) -> None:
    """The pack that there is none of, the checkout that the key opened."""
    with pytest.raises(UnknownPack) as unknown:
        await memory_billing.open(pack="gold")
    assert unknown.value.details == {"pack_id": "gold"}
    first = await memory_billing.open(key="k1")
    with pytest.raises(IdempotencyKeyReused) as reused:
        await memory_billing.open(pack="builder", key="k1")
    assert reused.value.details == {"checkout_id": first.checkout.checkout_id}


async def test_a_page_that_holds_all_is_the_last(memory_billing: BillingUnderTest) -> None:
    """One more purchase, and there is a next one; asked for none, a page has twenty."""
    bought = [await memory_billing.bought() for _ in range(20)]
    assert (await memory_billing.page(limit=20)).next_before is None
    assert (await memory_billing.page(limit=0)).next_before is None
    bought.append(await memory_billing.bought())
    page = await memory_billing.page(limit=0)
    assert (len(page.purchases), page.next_before) == (20, bought[1].purchase_id)
    last = await memory_billing.page(before=page.next_before, limit=0)
    assert [standing.purchase for standing in last.purchases] == bought[:1]
