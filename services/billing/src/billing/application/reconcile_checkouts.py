"""Use case: ask the payment processor about checkouts that no webhook spoke of."""

import contextlib
from datetime import timedelta

from billing.application.settle_checkout import SettleCheckoutHandler
from billing.domain.errors import PaymentProcessorUnavailable
from billing.ports.clock import Clock
from billing.ports.unit_of_work import BillingReader

BATCH_MAX = 50


class ReconcileCheckoutsHandler:
    """A webhook is a hint; this is the guarantee."""

    def __init__(
        self, reader: BillingReader, settle: SettleCheckoutHandler, clock: Clock, *, after_s: float
    ) -> None:
        self._reader = reader
        self._settle = settle
        self._clock = clock
        self._after = timedelta(seconds=after_s)

    async def handle(self) -> int:
        """Settle up to a batch of checkouts older than the grace; return how many."""
        stale = await self._reader.stale_checkouts(before=self._clock.now() - self._after, limit=BATCH_MAX)
        settled = 0
        for checkout in stale:
            if checkout.session_id is not None:
                # One that can't be asked about keeps the others from nothing; it comes again.
                with contextlib.suppress(PaymentProcessorUnavailable):
                    await self._settle.handle(checkout.session_id)
                    settled += 1
        return settled
