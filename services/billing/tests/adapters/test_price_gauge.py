"""How old the prices are that people see, as operators are told."""

from dataclasses import replace
from datetime import timedelta
from math import isnan
from typing import Any

import pytest
from billing.adapters.inbound.price_gauge import PriceGauge
from billing.domain.errors import PaymentProcessorUnavailable
from billing_support import BillingUnderTest
from price_world import STARTER, publish
from prometheus_client import REGISTRY


def age() -> float:
    """What the gauge says."""
    said = REGISTRY.get_sample_value("billing_prices_age_seconds")
    assert said is not None
    return said


async def test_the_age_is_that_of_the_last_answer(any_billing: BillingUnderTest) -> None:
    """It grows while the processor is away; before any answer, since the start; others' are no matter."""
    gauge = PriceGauge(any_billing.reader, any_billing.catalogue.price_names, any_billing.clock)
    any_billing.clock.advance(30)
    await gauge.measure()
    assert age() == 30
    await publish(any_billing)
    known = (await any_billing.reader.processor_prices())[STARTER]
    long_ago = any_billing.clock.now() - timedelta(days=9)
    async with any_billing.units.of_system() as work:
        await work.save_processor_prices([replace(known, price_name="else")], asked_at=long_ago)
    await gauge.measure()
    assert age() == 0
    any_billing.processor.answers = False
    any_billing.clock.advance(1200)
    with pytest.raises(PaymentProcessorUnavailable):
        await any_billing.refresh_prices()
    await gauge.measure()
    assert age() == 1200
    any_billing.processor.answers = True
    await any_billing.refresh_prices()
    await gauge.measure()
    assert age() == 0


async def test_what_can_not_be_read_is_no_small_age(memory_billing: BillingUnderTest) -> None:
    """The alarm of every gauge."""

    class Away:
        async def prices_asked_at(self, _names: Any) -> None:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await PriceGauge(Away(), (), memory_billing.clock).measure()  # type: ignore[arg-type]
    assert isnan(age())
