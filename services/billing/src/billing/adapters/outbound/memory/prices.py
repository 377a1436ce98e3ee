"""The part of the unit of work in memory about the processor's prices."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from billing.adapters.outbound.memory.store import MemoryBilling
from billing.domain.processor_price import ProcessorPrice


class MemoryPrices:
    """Prices as they were seen last."""

    _billing: MemoryBilling

    async def processor_prices(self) -> Mapping[str, ProcessorPrice]:
        """Return the prices by name."""
        return {name: price for name, (price, _) in self._billing.prices.items()}

    async def save_processor_prices(self, prices: Sequence[ProcessorPrice], *, asked_at: datetime) -> None:
        """Write prices unless they were asked about later."""
        for price in prices:
            _, known_at = self._billing.prices.get(price.price_name, (None, asked_at))
            if known_at <= asked_at:
                self._billing.prices[price.price_name] = price, asked_at
