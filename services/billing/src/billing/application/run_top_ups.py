"""Use case: buy what is due for everybody who asked for it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from billing.application.begin_top_up import LEASE
from billing.application.buy_top_up import BuyTopUpHandler
from billing.domain.errors import PaymentProcessorMisconfigured, PaymentProcessorUnavailable
from billing.domain.identifiers import UserId
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork

BATCH_MAX, SIDE_BY_SIDE_MAX = 50, 5
# What the processor can't do now is asked for again after this long.
OUTAGE_PAUSE = timedelta(seconds=30)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RunTopUpsHandler:
    """Several may run: nobody takes what another is taking. One that fails keeps the others from nothing."""

    units: UnitsOfWork
    buy: BuyTopUpHandler
    clock: Clock

    async def __call__(self) -> int:
        """Look at one batch of users who are due, a few at a time; return how many were due."""
        now = self.clock.now()
        async with self.units.of_system() as work:
            due = await work.claim_auto_top_ups(now=now, until=now + LEASE, limit=BATCH_MAX)
        slots = asyncio.Semaphore(SIDE_BY_SIDE_MAX)

        async def look_at(user_id: UserId) -> None:
            async with slots:
                try:
                    await self._look_at(user_id)
                except Exception as failure:  # noqa: BLE001 - the database, perhaps: the lease brings it back
                    log.warning("a top-up can't be bought", user_id=user_id, error=repr(failure))

        await asyncio.gather(*(look_at(user_id) for user_id in due))
        return len(due)

    async def _look_at(self, user_id: UserId) -> None:
        try:
            await self.buy(user_id)
        except (PaymentProcessorUnavailable, PaymentProcessorMisconfigured):
            async with self.units.of(user_id) as work:
                known = await work.auto_top_up(user_id)
                if known is not None and known.in_flight is not None and not known.is_paid:
                    await work.save_auto_top_up(replace(known, due_at=self.clock.now() + OUTAGE_PAUSE))
