"""Use case: say how a checkout stands to somebody who waits for it."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from billing.application.bounds import require_text
from billing.application.settle_checkout import SettleCheckoutHandler
from billing.domain.checkout import Checkout
from billing.domain.errors import CheckoutNotFound
from billing.domain.identifiers import CheckoutId, UserId
from billing.ports.clock import Clock
from billing.ports.unit_of_work import BillingReader, UnitsOfWork

PATIENCE_S = 3.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class FollowCheckoutHandler:
    """Asks the processor while a checkout is not settled: a webhook that is late costs nobody time."""

    units: UnitsOfWork
    reader: BillingReader
    settle: SettleCheckoutHandler
    clock: Clock
    ask_every_s: float

    async def __call__(self, user_id: UserId, checkout_id: CheckoutId) -> Checkout:
        """Return a checkout of this user as it stands now. Raises CheckoutNotFound, for another user's too.

        A processor that is away or slow leaves what is known, and so does somebody who asks too often.
        """
        require_text("user_id", user_id)
        require_text("checkout_id", checkout_id)
        known = await self._read(user_id, checkout_id)
        return await self.look_again(known) if await self._may_ask(known) else known

    async def look_again(self, known: Checkout) -> Checkout:
        """Return the checkout as it stands now."""
        if known.is_settled or known.page_id is None:
            return known
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.settle(known.page_id)
        except Exception as failure:  # noqa: BLE001 - whatever it is, what is known is a true answer
            log.warning(
                "a checkout can't be asked about now", checkout_id=known.checkout_id, error=repr(failure)
            )
            return known
        return await self._read(known.user_id, known.checkout_id)

    async def _may_ask(self, known: Checkout) -> bool:
        """One question per checkout and pause, however many wait and whichever replica they ask."""
        if known.is_settled:
            return False
        now, pause = self.clock.now(), timedelta(seconds=self.ask_every_s)
        async with self.units.of(known.user_id) as work:
            return await work.claim_question(known.checkout_id, now=now, after=now - pause)

    async def _read(self, user_id: UserId, checkout_id: CheckoutId) -> Checkout:
        found = await self.reader.checkout(user_id, checkout_id)
        if found is None:
            raise CheckoutNotFound(f"no checkout {checkout_id}")
        return found
