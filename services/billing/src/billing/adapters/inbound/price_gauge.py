"""What an operator sees of the prices that people are shown: how old the copy of them is."""

from collections.abc import Collection

from prometheus_client import Gauge

from billing.ports.clock import Clock
from billing.ports.unit_of_work import BillingReader

_AGE = Gauge(
    "billing_prices_age_seconds",
    "How long one of the prices that people see was not asked about at the payment processor",
)


class PriceGauge:
    """Measured from what is stored, whichever replica asked; before anything was seen, since the start."""

    def __init__(self, reader: BillingReader, price_names: Collection[str], clock: Clock) -> None:
        self._reader = reader
        self._price_names = price_names
        self._clock = clock
        self._since = clock.now()

    async def measure(self) -> None:
        """Set the gauge; while that can't be read it is no number, which is no small age."""
        try:
            asked_at = await self._reader.prices_asked_at(self._price_names)
        except Exception:
            _AGE.set(float("nan"))
            raise
        _AGE.set(max(0.0, (self._clock.now() - (asked_at or self._since)).total_seconds()))
