"""Use case: bring what a customer has to where the payment processor says it stands.

Their card may be gone, or another; they may be gone themselves, and then their plan has ended there.
"""

from dataclasses import dataclass

from billing.application.begin_top_up import stop
from billing.application.settle_subscription import SettleSubscriptionHandler
from billing.domain.auto_top_up import AutoTopUpStatus, StopReason
from billing.domain.identifiers import CustomerId, UserId
from billing.ports.clock import Clock
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class LookAtCustomerHandler:
    """Asks about plan and card, whatever changed. A new customer is made by the next checkout."""

    units: UnitsOfWork
    processor: PaymentProcessor
    subscription: SettleSubscriptionHandler
    clock: Clock

    async def __call__(self, customer_id: CustomerId) -> bool:
        """Look at plan and card; False for nobody's customer here.

        Raises what the processor's port does: then it is asked again.
        """
        async with self.units.of_system() as work:
            user_id = await work.user_of_customer(customer_id)
            live = await work.live_subscription(user_id) if user_id else None
        if user_id is None:
            return False
        if live is not None and live.paid is not None:
            await self.subscription(live.paid.processor_id)
        if await self.processor.saved_method(customer_id) is None:
            await self._stop_top_ups(user_id, customer_id)
        return True

    async def _stop_top_ups(self, user_id: UserId, customer_id: CustomerId) -> None:
        """Say at once that there is nothing to pay with, not only when credits run low.

        What is in flight is settled by who began it; one that has stopped keeps its reason.
        """
        async with self.units.of(user_id) as work:
            known = await work.auto_top_up(user_id)
            if known is None or known.status is not AutoTopUpStatus.ACTIVE or known.in_flight is not None:
                return
            if await work.customer_of(user_id) == customer_id:
                await stop(work, known.stopped(StopReason.NO_PAYMENT_METHOD), self.clock.now())
