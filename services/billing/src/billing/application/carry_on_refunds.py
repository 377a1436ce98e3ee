"""Use case: carry on refunds that were ordered and that the payment processor never answered about."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from billing.application.make_refund import RefundMaker
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 20
# Whoever took one and died leaves it to the others after this.
_LEASE = timedelta(minutes=2)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CarryOnRefundsHandler:
    """Several may run: nobody takes what another is taking. One that fails keeps the others from nothing."""

    units: UnitsOfWork
    maker: RefundMaker
    clock: Clock

    async def __call__(self) -> int:
        """Carry on one batch of orders; return how many were due."""
        now = self.clock.now()
        async with self.units.of_system() as work:
            due = await work.claim_refund_orders(now=now, until=now + _LEASE, limit=BATCH_MAX)
        for order in due:
            try:
                await self.maker.make(order)
            except Exception as failure:  # noqa: BLE001 - refused, which is written; or away: the lease ends
                log.warning("a refund can't be carried on", order_id=order.order_id, error=repr(failure))
        return len(due)
