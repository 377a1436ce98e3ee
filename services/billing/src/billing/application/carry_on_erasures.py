"""Use case: erase accounts here and at the payment processor."""

from dataclasses import dataclass

import structlog

from billing.application.free_plan import FreePlan
from billing.application.settle_subscription import SettleSubscriptionHandler
from billing.domain.errors import PaymentProcessorUnavailable
from billing.domain.events import AccountErased
from billing.domain.identifiers import UserId
from billing.ports.clock import Clock
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork

PAGE_SIZE = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CarryOnErasuresHandler:
    """The processor forgets its customer first, which ends what they pay for; then the rest goes.

    Each step finds what is left: whatever kills it, the next round goes on. An account that can't be erased
    stops no other.
    """

    units: UnitsOfWork
    processor: PaymentProcessor
    settle: SettleSubscriptionHandler
    free: FreePlan
    clock: Clock
    page_size: int = PAGE_SIZE

    async def __call__(self) -> int:
        """Return how many accounts were finished."""
        finished = 0
        after: UserId | None = None
        while True:
            async with self.units.of_system() as work:
                page = await work.unfinished_erasures(after=after, limit=self.page_size)
            for user_id in page:
                try:
                    finished += await self._carry_on(user_id)
                except PaymentProcessorUnavailable as away:
                    log.warning("account waits to be erased", user_id=user_id, error=repr(away))
                except Exception:
                    log.exception("account can't be erased", user_id=user_id)
            if len(page) < self.page_size:
                return finished
            after = page[-1]

    async def _carry_on(self, user_id: UserId) -> bool:
        async with self.units.of(user_id) as work:
            customer_id = await work.customer_of(user_id)
            live = await work.live_subscription(user_id)
        if customer_id is not None:
            await self.processor.forget_customer(customer_id)
        if live is not None and live.paid is not None:
            await self.settle(live.paid.processor_id)
        now = self.clock.now()
        async with self.units.of(user_id) as work:
            await work.lock_plans(user_id)
            live = await work.live_subscription(user_id)
            if live is not None and live.paid is not None:
                # The processor has not ended it yet: asked again in the next round.
                return False
            if live is not None:
                await self.free.pause(work, live, now)
            await work.erase_customer(user_id)
            if not await work.finish_erasure(user_id, now=now):
                return False
            await work.publish(AccountErased(user_id=user_id, occurred_at=now))
        log.info("account erased", user_id=user_id)
        return True
