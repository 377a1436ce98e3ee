"""Use case: let a paid plan go on as it is."""

from dataclasses import dataclass

from billing.application.bounds import require_text
from billing.application.read_subscription import ReadSubscriptionHandler, SubscriptionStanding
from billing.application.subscribers import Subscribers
from billing.domain.identifiers import RequestId, UserId
from billing.domain.standing import SubscriptionStatus
from billing.ports.payment_processor import PaymentProcessor


@dataclass(frozen=True)
class ResumeSubscriptionHandler:
    """Takes back its end, what it was to become, and a pause."""

    subscribers: Subscribers
    processor: PaymentProcessor
    read: ReadSubscriptionHandler

    async def __call__(self, user_id: UserId, *, request_id: RequestId) -> SubscriptionStanding:
        """Have it go on; one that does stays so.

        Raises SubscriptionNotFound, PlanIsFree, AccountGone, AccountLeaving.
        """
        require_text("request_id", request_id)
        await self.subscribers.require_staying(user_id)
        _, paid = await self.subscribers.require(user_id)
        is_paused = paid.status is SubscriptionStatus.PAUSED
        if paid.cancels_at is not None or paid.change is not None or is_paused:
            await self.processor.keep(paid.processor_id, request_id=request_id)
            await self.subscribers.settle(paid.processor_id)
        return await self.read(user_id)
