"""What the gateway needs of billing about packs, by the gateway's own port: its fake and the real thing."""

import json

import pytest
from billing_support import ORIGIN
from gateway.domain.errors import (
    Conflict,
    IdempotencyKeyReused,
    InvalidRequest,
    MalformedRequest,
    NotFound,
    PriceChanged,
)
from gateway.domain.price import Price
from gateway.domain.purchase import Checkout, CheckoutStatus, PaymentStatus, PurchaseStatus
from shops import ME, Shop

SHOWN = Price(price_minor=1000, currency="usd")
DEARER = Price(price_minor=1100, currency="usd")


async def buy(
    shop: Shop,
    *,
    key: str = "k1",
    pack: str = "starter",
    user: str = ME,
    success_url: str = f"{ORIGIN}/done",
    expected: Price | None = None,
) -> tuple[Checkout, bool]:
    """Open a checkout."""
    return await shop.port.create_checkout(
        user_id=user,
        email="ada@example.com",
        pack_id=pack,
        expected_price=expected,
        idempotency_key=key,
        success_url=success_url,
        cancel_url=f"{ORIGIN}/back",
    )


async def test_packs_are_on_sale(shop: Shop) -> None:
    """Each has a price and grants credits."""
    packs = await shop.port.packs()
    assert "starter" in [pack.pack_id for pack in packs]
    assert all(pack.credits > 0 and pack.price_minor > 0 and pack.title for pack in packs)


async def test_a_price_that_changed_meanwhile_is_told_first(shop: Shop) -> None:
    """No page is opened; asked again, with the same key, it is the new one that is sold."""
    await shop.reprice("starter")
    with pytest.raises(PriceChanged) as refused:
        await buy(shop)
    assert (refused.value.reason, refused.value.price) == ("PRICE_CHANGED", DEARER)
    opened, _ = await buy(shop)
    assert opened.url


async def test_whoever_expects_another_price_is_told_and_opens_nothing(shop: Shop) -> None:
    """Old or wrong, with the one that is asked; the same key is good for that one, and for no other then."""
    await shop.reprice("starter")
    for _ in range(2):
        with pytest.raises(PriceChanged) as refused:
            await buy(shop, expected=SHOWN)
        assert refused.value.price == DEARER
    opened, replayed = await buy(shop, expected=DEARER)
    assert (opened.status, replayed) == (CheckoutStatus.OPEN, False)
    again, replayed = await buy(shop, expected=DEARER)
    assert (again.checkout_id, replayed) == (opened.checkout_id, True)
    with pytest.raises(IdempotencyKeyReused):
        await buy(shop, expected=SHOWN)


async def test_a_code_is_redeemed_once(shop: Shop) -> None:
    """The same key replays; another key, a code that is over and one that is none are refused by reason."""
    await shop.promote("SPRING")
    first, replayed = await shop.port.redeem_promotion(ME, code="spring", idempotency_key="k1")
    assert (first.code, first.credits, first.expires_at, replayed) == ("SPRING", 100, None, False)
    assert first.redemption_id
    again, replayed = await shop.port.redeem_promotion(ME, code="SPRING", idempotency_key="k1")
    assert (again, replayed) == (first, True)
    await shop.promote("AUTUMN", is_over=True)
    for code, kind, reason in (
        ("SPRING", Conflict, "PROMOTION_REDEEMED_BEFORE"),
        ("AUTUMN", Conflict, "PROMOTION_ENDED"),
        ("WINTER", NotFound, "UNKNOWN_PROMOTION"),
    ):
        with pytest.raises(kind) as refused:
            await shop.port.redeem_promotion(ME, code=code, idempotency_key="k2")
        assert refused.value.reason == reason
    with pytest.raises(InvalidRequest):
        await shop.port.redeem_promotion(ME, code="x", idempotency_key="k3")


async def test_a_key_opens_one_checkout(shop: Shop) -> None:
    """A replay says so; the same key for another pack is refused."""
    first, replayed = await buy(shop)
    assert (first.status, replayed) == (CheckoutStatus.OPEN, False)
    assert first.url
    again, replayed = await buy(shop)
    assert (again.checkout_id, replayed) == (first.checkout_id, True)
    with pytest.raises(IdempotencyKeyReused):
        await buy(shop, pack="builder")
    with pytest.raises(IdempotencyKeyReused):
        await buy(shop, success_url=f"{ORIGIN}/elsewhere")


async def test_a_key_whose_page_has_expired_opens_another(shop: Shop) -> None:
    """The same checkout, open again at another address."""
    first, _ = await buy(shop)
    shop.play(first, "expire")
    seen = await shop.port.checkout(ME, first.checkout_id)
    assert (seen.status, seen.payment_status, seen.url) == (
        CheckoutStatus.EXPIRED,
        PaymentStatus.UNPAID,
        None,
    )
    again, replayed = await buy(shop)
    assert (again.checkout_id, again.status, replayed) == (first.checkout_id, CheckoutStatus.OPEN, True)
    assert again.url not in (None, first.url)


@pytest.mark.parametrize(
    ("acts", "payment_status"),
    [
        ((), PaymentStatus.UNPAID),
        (("promise",), PaymentStatus.PROCESSING),
        (("promise", "fail"), PaymentStatus.FAILED),
        (("pay",), PaymentStatus.PAID),
    ],
)
async def test_a_checkout_says_where_its_money_is(
    shop: Shop, acts: tuple[str, ...], payment_status: PaymentStatus
) -> None:
    """At the next look, without any webhook."""
    checkout, _ = await buy(shop)
    assert checkout.payment_status is PaymentStatus.UNPAID
    shop.play(checkout, *acts)
    seen = await shop.port.checkout(ME, checkout.checkout_id)
    status = CheckoutStatus.COMPLETE if acts else CheckoutStatus.OPEN
    assert (seen.status, seen.payment_status, seen.url is None) == (status, payment_status, bool(acts))
    assert (seen.purchase_id is not None) == (payment_status is PaymentStatus.PAID)


async def test_unknown_packs_and_other_peoples_checkouts_are_not_found(shop: Shop) -> None:
    """And nothing says that they exist."""
    with pytest.raises(NotFound) as refused:
        await buy(shop, pack="gold")
    assert refused.value.reason == "UNKNOWN_PACK"
    checkout, _ = await buy(shop)
    with pytest.raises(NotFound):
        await shop.port.checkout("usr_other", checkout.checkout_id)


async def test_a_paid_checkout_is_a_purchase(shop: Shop) -> None:
    """Complete, without an address, and listed for its buyer alone."""
    checkout, _ = await buy(shop)
    await shop.pay(checkout)
    done = await shop.port.checkout(ME, checkout.checkout_id)
    assert (done.status, done.url) == (CheckoutStatus.COMPLETE, None)
    page = await shop.port.purchases(ME, cursor=None, limit=5)
    assert [one.pack_id for one in page.items] == ["starter"]
    assert page.items[0].purchase_id == done.purchase_id
    assert page.items[0].payment_id
    assert list((await shop.port.purchases("usr_other", cursor=None, limit=5)).items) == []


async def test_purchases_are_paged(shop: Shop) -> None:
    """Newest first; pages meet."""
    for number in range(3):
        checkout, _ = await buy(shop, key=f"k{number}")
        await shop.pay(checkout)
    first = await shop.port.purchases(ME, cursor=None, limit=2)
    second = await shop.port.purchases(ME, cursor=first.next_cursor, limit=2)
    seen = [one.purchase_id for one in (*first.items, *second.items)]
    assert (len(seen), len(set(seen)), second.next_cursor) == (3, 3, None)


async def test_a_purchase_says_what_was_refunded(shop: Shop) -> None:
    """Nothing, a part, the whole."""
    checkout, _ = await buy(shop)
    await shop.pay(checkout)
    seen = []
    for amount_minor in (0, 300, 700):
        (purchase,) = (await shop.port.purchases(ME, cursor=None, limit=5)).items
        if amount_minor:
            await shop.refund(purchase, amount_minor)
            (purchase,) = (await shop.port.purchases(ME, cursor=None, limit=5)).items
        seen.append((purchase.refunded_minor, purchase.disputed_minor, purchase.status))
    assert seen == [
        (0, 0, PurchaseStatus.PAID),
        (300, 0, PurchaseStatus.PARTIALLY_REFUNDED),
        (1000, 0, PurchaseStatus.REFUNDED),
    ]


async def test_a_cursor_that_nobody_gave_is_refused(shop: Shop) -> None:
    """By its name on the public surface."""
    checkout, _ = await buy(shop)
    await shop.pay(checkout)
    with pytest.raises(InvalidRequest) as refused:
        await shop.port.purchases(ME, cursor="zz", limit=2)
    assert [one.field for one in refused.value.fields] == ["cursor"]


async def test_a_forged_webhook_is_refused(shop: Shop) -> None:
    """By its own reason."""
    body = json.dumps({"event_id": "evt_1", "kind": "paid"}).encode()
    with pytest.raises(MalformedRequest) as refused:
        await shop.port.receive_webhook(body=body, headers={"stripe-signature": "forged"})
    assert refused.value.reason == "INVALID_SIGNATURE"
