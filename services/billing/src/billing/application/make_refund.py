"""How an order becomes a refund at the payment processor, whoever carries it on."""

from dataclasses import dataclass, replace

import structlog

from billing.application.record_refund import RecordRefundHandler
from billing.domain.errors import PaymentProcessorRefused
from billing.domain.refund_order import RefundOrder, RefundOrderState
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RefundMaker:
    """However often an order is carried on, the processor makes one refund of it."""

    units: UnitsOfWork
    processor: PaymentProcessor
    record: RecordRefundHandler

    async def make(self, order: RefundOrder) -> RefundOrder:
        """Have the processor refund an open order, write what came of it, and record the refund.

        Raises PaymentProcessorRefused, and the order is refused; and PaymentProcessorUnavailable or
        PaymentProcessorMisconfigured, and the order stays open. A refund that can't be recorded now is
        recorded by its webhook, or when the processor's list is read.
        """
        try:
            refund = await self.processor.refund_payment(order)
        except PaymentProcessorRefused as refused:
            await self._save(replace(order, state=RefundOrderState.REFUSED, refusal=str(refused)))
            raise
        made = replace(order, state=RefundOrderState.MADE, refund_id=refund.refund_id)
        await self._save(made)
        try:
            await self.record(order.payment_id)
        except Exception as failure:  # noqa: BLE001 - the money is on its way: whatever it is, others record it
            log.warning("a refund can't be recorded now", order_id=order.order_id, error=repr(failure))
        return made

    async def _save(self, order: RefundOrder) -> None:
        async with self.units.of_system() as work:
            await work.save_refund_order(order)
