"""Use case: have nothing renewed for money of who is about to be erased, and go on with it for who stays."""

from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from billing.application.settle_subscription import SettleSubscriptionHandler
from billing.domain.departure import Departure
from billing.domain.errors import PaymentProcessorMisconfigured, PaymentProcessorUnavailable
from billing.domain.identifiers import RequestId, UserId
from billing.domain.standing import SubscriptionStatus
from billing.domain.subscription import PaidTerms
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 20
# Whoever took one and died leaves it to the others after this: longer than the processor is waited for.
LEASE = timedelta(minutes=5)
# While somebody leaves: what is begun or taken back on the processor's own pages is seen after this.
LOOK_AGAIN = timedelta(hours=1)
PAUSE = timedelta(seconds=30)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CarryOnDeparturesHandler:
    """Each step finds how it stands: whatever kills it, the next round goes on.

    An account whose plan can't be ended stops no other.
    """

    units: UnitsOfWork
    processor: PaymentProcessor
    settle: SettleSubscriptionHandler
    clock: Clock
    ids: IdSource

    async def __call__(self) -> int:
        """Look at one batch of accounts that are due; return how many were due."""
        now = self.clock.now()
        async with self.units.of_system() as work:
            due = await work.claim_departures(now=now, until=now + LEASE, limit=BATCH_MAX)
        for user_id in due:
            try:
                await self._carry_on(user_id)
            except (PaymentProcessorUnavailable, PaymentProcessorMisconfigured) as away:
                log.warning("a plan of who leaves waits", user_id=user_id, error=repr(away))
                await self._rest(user_id)
            except Exception:
                log.exception("a plan of who leaves can't be ended", user_id=user_id)
                await self._rest(user_id)
        return len(due)

    async def _carry_on(self, user_id: UserId) -> None:
        paid = await self._paid(user_id)
        async with self.units.of(user_id) as work:
            known = await work.departure(user_id)
        if known is None:
            return
        if paid is not None:
            await (self._end(known, paid) if known.is_leaving else self._set_back(known, paid))
        async with self.units.of(user_id) as work:
            current = await work.departure(user_id, lock=True)
            if current is not None and current.revision == known.revision:
                await work.save_departure(current.looked_at(self.clock.now() + LOOK_AGAIN))
            # What was told meanwhile is due, and finds what was set to end.
            await work.release_departure(user_id)

    async def _end(self, known: Departure, paid: PaidTerms) -> None:
        """Have what is paid end with its period."""
        if paid.cancels_at is not None:
            return
        # What was to become another plan, or is paused, is its owner's to begin again: it might cost more.
        runs = paid.change is None and paid.status is not SubscriptionStatus.PAUSED
        async with self.units.of(known.user_id) as work:
            # Written before the processor is asked: whoever dies in between leaves what is to be set back.
            set_to_end = paid.processor_id if runs else None
            if not await work.save_departure(replace(known, set_to_end=set_to_end)):
                return
        await self.processor.cancel_later(paid.processor_id, request_id=self._request_id())
        await self.settle(paid.processor_id)

    async def _set_back(self, known: Departure, paid: PaidTerms) -> None:
        """Let a plan go on that ends only because its owner was about to leave."""
        if paid.processor_id == known.set_to_end and paid.cancels_at is not None:
            await self.processor.keep(paid.processor_id, request_id=self._request_id())
            await self.settle(paid.processor_id)

    async def _paid(self, user_id: UserId) -> PaidTerms | None:
        """Return what somebody pays for, as the processor says now."""
        async with self.units.of(user_id) as work:
            live = await work.live_subscription(user_id)
        if live is None or live.paid is None:
            return None
        await self.settle(live.paid.processor_id)
        async with self.units.of(user_id) as work:
            live = await work.live_subscription(user_id)
        return live.paid if live is not None else None

    async def _rest(self, user_id: UserId) -> None:
        async with self.units.of(user_id) as work:
            known = await work.departure(user_id, lock=True)
            if known is not None:
                await work.save_departure(replace(known, due_at=self.clock.now() + PAUSE))
                await work.release_departure(user_id)

    def _request_id(self) -> RequestId:
        # Both are what they are however often they are asked for: a new number is never an old answer.
        return RequestId(self.ids.new("req"))
