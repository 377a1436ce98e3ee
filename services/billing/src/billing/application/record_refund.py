"""Use case: record what the payment processor says is refunded of a payment."""

from dataclasses import dataclass

from billing.application.lock_purchase import lock_purchase
from billing.domain.identifiers import PaymentId
from billing.domain.refund import merge_refunds
from billing.domain.refund_total import count_refunds
from billing.ports.clock import Clock
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RecordRefundHandler:
    """Refunds and PaymentRefunded are one transaction, in whatever order webhooks come."""

    units: UnitsOfWork
    processor: PaymentProcessor
    clock: Clock

    async def __call__(self, payment_id: PaymentId) -> bool:
        """Record a payment's refunds; False when it is none of our payments.

        Asks the processor before it opens a transaction: what a webhook said may be old by now. Raises
        PaymentProcessorUnavailable and PurchaseNotKnownYet, both to be tried again.
        """
        seen = await self.processor.find_payment(payment_id)
        async with self.units.of_system() as work:
            purchase = await lock_purchase(work, payment_id, reference=seen.reference)
            if purchase is None:
                return False
            refunds = merge_refunds(await work.refunds_of(purchase.purchase_id), seen.refunds)
            counted, facts = count_refunds(purchase, refunds, now=self.clock.now())
            await work.save_refunds(counted, refunds)
            for fact in facts:
                await work.publish(fact)
        return True
