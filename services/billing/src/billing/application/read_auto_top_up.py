"""Use case: show a person what is bought by itself, and how that stands."""

import asyncio
from dataclasses import dataclass

import structlog

from billing.domain.auto_top_up import SavedMethod, TopUpStanding
from billing.domain.errors import BillingError
from billing.domain.identifiers import UserId
from billing.domain.month import calendar_month
from billing.ports.clock import Clock
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import BillingReader, UnitsOfWork

PATIENCE_S = 3.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class AutoTopUpView:
    """How it stands, None for who never asked; and what would be paid with, as far as can be told now."""

    standing: TopUpStanding | None
    method: SavedMethod | None


@dataclass(frozen=True)
class ReadAutoTopUpHandler:
    """Answers from what is committed; a processor that is away keeps back only what is paid with."""

    units: UnitsOfWork
    reader: BillingReader
    processor: PaymentProcessor
    clock: Clock

    async def __call__(self, user_id: UserId) -> AutoTopUpView:
        """Return how it stands."""
        standing = await self.reader.auto_top_up(user_id, month=calendar_month(self.clock.now()).start)
        return AutoTopUpView(standing=standing, method=await self._method(user_id))

    async def _method(self, user_id: UserId) -> SavedMethod | None:
        async with self.units.of(user_id) as work:
            customer_id = await work.customer_of(user_id)
        if customer_id is None:
            return None
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self.processor.saved_method(customer_id)
        except (BillingError, TimeoutError) as failure:
            log.warning("what a customer pays with can't be asked now", error=repr(failure))
            return None
