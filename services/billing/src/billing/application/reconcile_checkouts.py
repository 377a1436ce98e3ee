"""Use case: ask the payment processor about checkouts that no webhook spoke of."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from billing.application.settle_checkout import SettleCheckoutHandler
from billing.domain.check_schedule import next_check
from billing.domain.checkout import Checkout, CheckoutStatus
from billing.domain.errors import (
    PaymentProcessorMisconfigured,
    PaymentProcessorUnavailable,
    UnknownToProcessor,
)
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork

# What its repairs are counted under, beside those of the processor's lists.
NAME = "checkouts"
BATCH_MAX = 40
SIDE_BY_SIDE_MAX = 8
# Whoever took a checkout and got no answer, or died, leaves it to the others after this.
_LEASE = timedelta(minutes=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ReconcileCheckoutsHandler:
    """A webhook is a hint; this is the guarantee. Several may run: nobody asks what another is asking."""

    units: UnitsOfWork
    settle: SettleCheckoutHandler
    clock: Clock
    # Told which reconciler found how many payments that nobody here knew of.
    observe: Callable[[str, int], None] = lambda _name, _count: None

    async def __call__(self) -> int:
        """Ask about one batch of checkouts that are due, side by side; return how many were due."""
        now = self.clock.now()
        async with self.units.of_system() as work:
            due = await work.claim_checks(now=now, until=now + _LEASE, limit=BATCH_MAX)
        slots = asyncio.Semaphore(SIDE_BY_SIDE_MAX)

        async def ask(checkout: Checkout) -> None:
            async with slots:
                try:
                    await self._ask(checkout)
                except Exception as failure:  # noqa: BLE001 - the database, perhaps: the lease brings it back
                    log.warning(
                        "a checkout can't be put back", checkout_id=checkout.checkout_id, error=repr(failure)
                    )

        await asyncio.gather(*(ask(checkout) for checkout in due))
        return len(due)

    async def _ask(self, checkout: Checkout) -> None:
        """Settle one; whatever is wrong with it keeps the others from nothing."""
        if checkout.page_id is None:
            # Never due: there is no page to ask about.
            return
        try:
            settled = await self.settle(checkout.page_id)
            if settled is not None and settled.is_news:
                self.observe(NAME, 1)
        except (PaymentProcessorUnavailable, PaymentProcessorMisconfigured):
            # It passes, and was no answer: the lease brings it back.
            return
        except UnknownToProcessor as unknown:
            await self._give_up_on(checkout, unknown)
        except Exception as failure:  # noqa: BLE001 - it may be this checkout's alone: it comes again, seldomer
            log.warning("a checkout can't be settled", checkout_id=checkout.checkout_id, error=repr(failure))
            await self._put_back(checkout)

    async def _give_up_on(self, checkout: Checkout, unknown: UnknownToProcessor) -> None:
        """End a page that is past its time; one that is not may have been made under another key."""
        log.warning(
            "the processor does not know a checkout", checkout_id=checkout.checkout_id, error=str(unknown)
        )
        is_over = checkout.expires_at is not None and checkout.expires_at <= self.clock.now()
        await self._put_back(checkout, ends=is_over and checkout.status is CheckoutStatus.OPEN)

    async def _put_back(self, checkout: Checkout, *, ends: bool = False) -> None:
        async with self.units.of_system() as work:
            current = await work.checkout(checkout.checkout_id, lock=True)
            if current is None or current.page_id != checkout.page_id or current.is_settled:
                return
            if ends:
                current = replace(current, status=CheckoutStatus.EXPIRED, url=None)
            await work.save_checkout(replace(current, next_check_at=next_check(current, self.clock.now())))
