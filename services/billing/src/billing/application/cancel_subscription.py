"""Use case: end a paid plan when its period does."""

from dataclasses import dataclass

from billing.application.bounds import require_text
from billing.application.read_subscription import ReadSubscriptionHandler, SubscriptionStanding
from billing.application.subscribers import Subscribers
from billing.domain.identifiers import RequestId, UserId
from billing.ports.payment_processor import PaymentProcessor


@dataclass(frozen=True)
class CancelSubscriptionHandler:
    """What is paid for stays until then, and it can be taken back."""

    subscribers: Subscribers
    processor: PaymentProcessor
    read: ReadSubscriptionHandler

    async def __call__(self, user_id: UserId, *, request_id: RequestId) -> SubscriptionStanding:
        """Have it end; one that ends already stays so. Raises SubscriptionNotFound, PlanIsFree."""
        require_text("request_id", request_id)
        await self.subscribers.end_by_choice(user_id)
        _, paid = await self.subscribers.require(user_id)
        if paid.cancels_at is None:
            await self.processor.cancel_later(paid.processor_id, request_id=request_id)
            await self.subscribers.settle(paid.processor_id)
        return await self.read(user_id)
