"""The part of the payment processor in memory about refunds and disputes."""

from dataclasses import replace

from billing.adapters.outbound.memory.processor_state import MemoryProcessorState
from billing.domain.dispute import DisputeState, ProcessorDispute
from billing.domain.errors import PaymentProcessorRefused
from billing.domain.identifiers import DisputeId, PaymentId, RefundId
from billing.domain.refund import ProcessorPayment, Refund, RefundStatus
from billing.domain.refund_order import RefundOrder


class MemoryMoneyBack(MemoryProcessorState):
    """Refunds that we order, and those and the disputes that a test plays."""

    async def find_payment(self, payment_id: PaymentId) -> ProcessorPayment:
        """Return a payment with its refunds."""
        self._require_answer()
        return self._known(self.payments, payment_id)

    async def refund_payment(self, order: RefundOrder) -> Refund:
        """Refund what is left of a payment, unless somebody disputes it."""
        self._require_answer()
        payment = self._known(self.payments, order.payment_id)
        refund_id = RefundId(f"re_{order.order_id}")
        made = {refund.refund_id: refund for refund in payment.refunds}
        if refund_id in made:
            return made[refund_id]
        known = self.disputes.values()
        disputed = (dispute for dispute in known if dispute.payment_id == order.payment_id)
        if any(dispute.state in (DisputeState.OPENED, DisputeState.LOST) for dispute in disputed):
            raise PaymentProcessorRefused("the payment processor refused: the charge has been charged back")
        arrived = (refund for refund in payment.refunds if refund.status is not RefundStatus.FAILED)
        gone = sum(refund.amount_minor for refund in arrived)
        if order.amount_minor > self._paid_minor(order.payment_id) - gone:
            raise PaymentProcessorRefused("the payment processor refused: less is left of the charge")
        self.refund(order.payment_id, refund_id, order.amount_minor, self.refund_status)
        return self.payments[order.payment_id].refunds[-1]

    def _paid_minor(self, payment_id: PaymentId) -> int:
        return sum(page.amount_minor for page in self.sessions.values() if page.payment_id == payment_id)

    async def find_dispute(self, dispute_id: DisputeId) -> ProcessorDispute:
        """Return how a dispute stands now."""
        self._require_answer()
        return self._known(self.disputes, dispute_id)

    def refund(
        self, payment_id: PaymentId, refund_id: RefundId, amount_minor: int, status: RefundStatus
    ) -> None:
        """Play a refund, or what became of it."""
        told = Refund(refund_id=refund_id, amount_minor=amount_minor, status=status)
        self._created.setdefault(refund_id, self._now())
        payment = self.payments[payment_id]
        others = tuple(refund for refund in payment.refunds if refund.refund_id != refund_id)
        self.payments[payment_id] = replace(payment, refunds=(*others, told))

    def dispute(
        self, payment_id: PaymentId, dispute_id: DisputeId, amount_minor: int, state: DisputeState | None
    ) -> None:
        """Play a payer's bank."""
        self._created.setdefault(dispute_id, self._now())
        self.disputes[dispute_id] = ProcessorDispute(
            dispute_id=dispute_id,
            payment_id=payment_id,
            reference=self.payments[payment_id].reference,
            amount_minor=amount_minor,
            currency="usd",
            state=state,
            moved_at=self._now(),
        )
