"""Use case: record where a disputed payment's money is, as the payment processor says."""

from dataclasses import dataclass

from billing.application.lock_purchase import lock_purchase
from billing.domain.dispute import settle_dispute
from billing.domain.events import PaymentDisputed
from billing.domain.identifiers import DisputeId
from billing.ports.clock import Clock
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RecordDisputeHandler:
    """Dispute and PaymentDisputed are one transaction, in whatever order webhooks come."""

    units: UnitsOfWork
    processor: PaymentProcessor
    clock: Clock

    async def __call__(self, dispute_id: DisputeId) -> bool:
        """Record a dispute; False when it is about none of our payments.

        Asks the processor before it opens a transaction: what a webhook said may be old by now. Raises
        PaymentProcessorUnavailable and PurchaseNotKnownYet, both to be tried again.
        """
        seen = await self.processor.find_dispute(dispute_id)
        async with self.units.of_system() as work:
            purchase = await lock_purchase(work, seen.payment_id, reference=seen.reference)
            if purchase is None:
                return False
            known = await work.dispute(dispute_id)
            settled = settle_dispute(purchase, known, seen)
            if settled is not None and settled != known:
                await work.save_dispute(settled)
                await work.publish(PaymentDisputed(dispute=settled, occurred_at=self.clock.now()))
        return True
