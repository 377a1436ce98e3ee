"""Paid plans for tests: somebody who has one since the 31st of January, and time that goes on."""

from datetime import UTC, datetime

from billing.domain.checkout import Checkout
from billing.domain.identifiers import UserId
from billing.domain.subscription import Subscription
from billing_support import BillingUnderTest, plan_order

ADA = UserId("usr_ada")
BEGAN = datetime(2026, 1, 31, 9, tzinfo=UTC)
FEBRUARY, MARCH = datetime(2026, 2, 28, 9, tzinfo=UTC), datetime(2026, 3, 31, 9, tzinfo=UTC)
PRO = ("premium",)


async def buy(
    billing: BillingUnderTest, plan: str = "pro", interval: str = "month", key: str | None = None
) -> Checkout:
    """Open a page, pay, and come back to it."""
    opened = await billing.create(plan_order(ADA, plan, interval, key))
    billing.processor.pay(opened.checkout.page_id)
    billing.clock.advance(5)
    return await billing.follow(ADA, opened.checkout.checkout_id)


async def subscribed(billing: BillingUnderTest, plan: str = "pro", interval: str = "month") -> Subscription:
    """Have a plan since the 31st of January."""
    billing.clock.time = BEGAN
    await buy(billing, plan, interval)
    found = await billing.reader.subscription(ADA)
    assert found is not None
    assert found.paid is not None
    return found


async def come(billing: BillingUnderTest, moment: datetime) -> None:
    """Let time go on, at the processor and here, without a word of the processor's."""
    billing.clock.time = moment
    billing.processor.tick()
    while await billing.renew():
        pass
