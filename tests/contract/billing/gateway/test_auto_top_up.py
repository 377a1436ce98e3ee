"""Auto top-up by the gateway's own port: its fake and the real thing."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Protocol

import pytest
from billing.domain.auto_top_up import ChargeStatus
from billing_support import TOP_UP_RETRY, BillingUnderTest, billing_in_memory
from contract_support import connect, serve_billing
from gateway.adapters.outbound.grpc_billing import GrpcBilling
from gateway.adapters.outbound.memory.billing import MemoryBilling
from gateway.domain.auto_top_up import (
    AutoTopUpStatus,
    AutoTopUpStopReason,
    AutoTopUpWish,
    SavedMethod,
)
from gateway.domain.credits import Balance
from gateway.domain.errors import Conflict, InvalidRequest, NotFound, PriceChanged
from gateway.domain.price import Price
from gateway.ports.billing import Billing
from support import HandClock
from top_up_world import Account

ME, OTHER = "usr_me", "usr_other"
WISH = AutoTopUpWish(is_on=True, threshold_credits=200, pack_id="starter", monthly_purchases_max=3)


class Shop(Protocol):
    """The port, and what becomes of a top-up."""

    port: Billing

    async def keep_card(self) -> None:
        """I keep a card."""

    async def stop(self, *, asks: bool) -> None:
        """The bank refuses until it stops, or asks for me."""


@dataclass
class FakeShop:
    """The gateway's own fake."""

    port: MemoryBilling

    async def keep_card(self) -> None:
        self.port.auto_top_ups.methods[ME] = SavedMethod(brand="visa", last4="4242")

    async def stop(self, *, asks: bool) -> None:
        reason = AutoTopUpStopReason.AUTHENTICATION_REQUIRED if asks else AutoTopUpStopReason.PAYMENT_REFUSED
        self.port.auto_top_ups.stop(ME, reason, url="https://pay.example/1" if asks else None)


@dataclass
class RealShop:
    """Billing itself."""

    port: GrpcBilling
    billing: BillingUnderTest

    async def keep_card(self) -> None:
        await Account(self.billing, user_id=ME).keep_card()

    async def stop(self, *, asks: bool) -> None:
        account = Account(self.billing, user_id=ME)
        await account.keep_card(ChargeStatus.NEEDS_AUTHENTICATION if asks else ChargeStatus.REFUSED)
        await account.falls_to(5)
        for _ in range(2):
            await self.billing.run_top_ups()
            self.billing.clock.advance(TOP_UP_RETRY)


@pytest.fixture(params=["fake", "real"])
async def shop(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Shop:
    """The fake, and the real adapter before the real service."""
    if request.param == "fake":
        return FakeShop(MemoryBilling(HandClock()))
    billing = billing_in_memory()
    target = await serve_billing(stack, billing)
    return RealShop(GrpcBilling(await connect(stack, target, "gateway")), billing)


async def test_who_never_asked_has_nothing(shop: Shop) -> None:
    """Off, without terms."""
    known = await shop.port.auto_top_up(ME)
    assert (known.status, known.pack_id, known.threshold_credits, known.method) == (
        AutoTopUpStatus.OFF,
        None,
        0,
        None,
    )


async def test_what_is_wanted_is_read_back(shop: Shop) -> None:
    """With the card that pays; another's is another's. Turned off, its terms stay."""
    await shop.keep_card()
    known = await shop.port.set_auto_top_up(ME, WISH, balance=None)
    assert (known.status, known.threshold_credits, known.pack_id, known.monthly_purchases_max) == (
        AutoTopUpStatus.ACTIVE,
        200,
        "starter",
        3,
    )
    assert known.method == SavedMethod(brand="visa", last4="4242")
    assert (known.reason, known.purchases_this_month, known.in_progress, known.url) == (None, 0, False, None)
    assert known.accepted_price == Price(price_minor=1000, currency="usd")
    assert await shop.port.auto_top_up(ME) == known
    assert (await shop.port.auto_top_up(OTHER)).status is AutoTopUpStatus.OFF
    off = await shop.port.set_auto_top_up(ME, replace(WISH, is_on=False), balance=None)
    assert off.accepted_price == known.accepted_price
    assert (off.status, off.pack_id) == (AutoTopUpStatus.OFF, "starter")


@pytest.mark.parametrize("asks", [False, True], ids=["refused", "asked"])
async def test_what_stopped_it_is_told_and_a_new_wish_ends_that(shop: Shop, asks: bool) -> None:
    """With the page where the bank is answered, if it asks."""
    await shop.keep_card()
    await shop.port.set_auto_top_up(ME, WISH, balance=None)
    await shop.stop(asks=asks)
    known = await shop.port.auto_top_up(ME)
    assert (known.status, known.reason, known.url is not None) == (
        (AutoTopUpStatus.NEEDS_AUTHENTICATION, AutoTopUpStopReason.AUTHENTICATION_REQUIRED, True)
        if asks
        else (AutoTopUpStatus.PAUSED_BY_FAILURE, AutoTopUpStopReason.PAYMENT_REFUSED, False)
    )
    again = await shop.port.set_auto_top_up(ME, WISH, balance=None)
    assert (again.status, again.reason, again.url) == (AutoTopUpStatus.ACTIVE, None, None)


async def test_what_can_not_be_wanted_is_refused_by_its_field(shop: Shop) -> None:
    """And nothing is on without a card; nothing has changed after any of it."""
    with pytest.raises(Conflict) as unsaved:
        await shop.port.set_auto_top_up(ME, WISH, balance=None)
    assert unsaved.value.reason == "NO_PAYMENT_METHOD"
    await shop.keep_card()
    for changes in ({"threshold_credits": 0}, {"monthly_purchases_max": 101}):
        with pytest.raises(InvalidRequest) as invalid:
            await shop.port.set_auto_top_up(ME, replace(WISH, **changes), balance=None)
        assert [problem.field for problem in invalid.value.fields] == [*changes]
    with pytest.raises(NotFound):
        await shop.port.set_auto_top_up(ME, replace(WISH, pack_id="none"), balance=None)
    wrong = Price(price_minor=900, currency="usd")
    with pytest.raises(PriceChanged) as dearer:
        await shop.port.set_auto_top_up(ME, replace(WISH, expected_price=wrong), balance=None)
    assert dearer.value.price == Price(price_minor=1000, currency="usd")
    assert (await shop.port.auto_top_up(ME)).status is AutoTopUpStatus.OFF


async def test_a_balance_that_is_low_already_begins_it() -> None:
    """Billing hears of it with the wish."""
    async with AsyncExitStack() as stack:
        billing = billing_in_memory()
        port = GrpcBilling(await connect(stack, await serve_billing(stack, billing), "gateway"))
        await Account(billing, user_id=ME).keep_card()
        balance = Balance(available=10, held=0, debt=0, by_category={}, next_expiry=None, sequence=4)
        await port.set_auto_top_up(ME, WISH, balance=balance)
        await billing.run_top_ups()
        known = await port.auto_top_up(ME)
    assert (known.purchases_this_month, known.in_progress) == (1, True)
