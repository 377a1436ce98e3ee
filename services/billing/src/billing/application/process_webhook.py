"""Use case: work out what a stored webhook means."""

from datetime import timedelta

from billing.application.record_dispute import RecordDisputeHandler
from billing.application.record_refund import RecordRefundHandler
from billing.application.settle_checkout import SettleCheckoutHandler
from billing.domain.webhook_event import WebhookEvent, WebhookState
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitOfWork, UnitsOfWork

ATTEMPTS_MAX = 20
_DELAY_MAX_S = 300


class ProcessWebhookHandler:
    """Takes one webhook that is due. Several may run: each webhook is locked by the one that works on it."""

    def __init__(
        self,
        units: UnitsOfWork,
        settle: SettleCheckoutHandler,
        refund: RecordRefundHandler,
        dispute: RecordDisputeHandler,
        clock: Clock,
    ) -> None:
        self._units = units
        self._settle = settle
        self._refund = refund
        self._dispute = dispute
        self._clock = clock

    async def handle(self) -> WebhookState | None:
        """Process one; None when none is due. A failure is tried again later, and parked in the end."""
        claimed = await self._claim()
        if claimed is None:
            return None
        state, error = await self._work_out(claimed)
        now = self._clock.now()
        async with self._units.begin() as unit:
            await unit.finish_webhook(claimed.event_id, state, now=now, error=error)
            await unit.commit()
        return state

    async def _claim(self) -> WebhookEvent | None:
        """Take one and postpone it at once: if this process dies, it is due again after that."""
        now = self._clock.now()
        async with self._units.begin() as unit:
            event = await unit.next_webhook(now)
            if event is None:
                return None
            await self._postpone(unit, event)
            await unit.commit()
        return event

    async def _postpone(self, unit: UnitOfWork, event: WebhookEvent) -> None:
        delay_s = min(_DELAY_MAX_S, 2 ** (event.attempts + 1))
        due_at = self._clock.now() + timedelta(seconds=delay_s)
        await unit.postpone_webhook(event.event_id, due_at=due_at, error="")

    async def _work_out(self, event: WebhookEvent) -> tuple[WebhookState, str]:
        try:
            ours = await self._handle(event)
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is tried again and parked in the end
            last = event.attempts + 1 >= ATTEMPTS_MAX
            return (WebhookState.PARKED if last else WebhookState.WAITING), repr(failure)
        return (WebhookState.DONE if ours else WebhookState.IGNORED), ""

    async def _handle(self, event: WebhookEvent) -> bool:
        if event.session_id is not None:
            return await self._settle.handle(event.session_id)
        if event.payment_id is not None:
            return await self._refund.handle(event.payment_id)
        if event.dispute_id is not None:
            return await self._dispute.handle(event.dispute_id)
        return False
