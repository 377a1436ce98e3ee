"""Prices for tests: everything on sale at the processor, and seen."""

from billing_support import BillingUnderTest

STARTER = "tintype_starter"


async def publish(billing: BillingUnderTest) -> None:
    """Have everything on sale, and see it."""
    for pack in billing.catalogue.packs:
        await billing.processor.publish(pack)
    for plan in billing.catalogue.plans:
        await billing.processor.publish_plan(plan)
    assert await billing.refresh_prices() is False
