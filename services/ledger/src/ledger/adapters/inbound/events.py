"""Events that move credits: parse, call the use case. The inbox row and the effect share a transaction."""

from dataclasses import dataclass

from chassis.events import IncomingEvent
from tintype.billing.v1 import events_pb2 as billing
from tintype.generation.v1 import events_pb2 as generation
from tintype.identity.v1 import events_pb2 as identity

from ledger.application.charge_reservation import ChargeReservation, ChargeReservationHandler
from ledger.application.grant_credits import GrantCredits, GrantCreditsHandler
from ledger.application.refund_reservation import RefundReservation, RefundReservationHandler
from ledger.domain.lot import Category

SUBJECTS = {
    "IDENTITY": ("tintype.identity.v1.user_registered.*",),
    "BILLING": ("tintype.billing.v1.payment_completed.*",),
    "GENERATION": (
        "tintype.generation.v1.generation_succeeded.*",
        "tintype.generation.v1.generation_failed.*",
        "tintype.generation.v1.generation_cancelled.*",
    ),
}


@dataclass(frozen=True, kw_only=True)
class LedgerEvents:
    """Turns each event that the ledger listens to into one command."""

    grant: GrantCreditsHandler
    charge: ChargeReservationHandler
    refund: RefundReservationHandler
    welcome_credits: int

    async def handle(self, event: IncomingEvent) -> None:
        """Apply an event once, whatever is redelivered. Raises for what must be delivered again."""
        match event.ce_type:
            case "tintype.identity.v1.UserRegistered":
                await self._welcome(event)
            case "tintype.billing.v1.PaymentCompleted":
                await self._pay(event)
            case "tintype.generation.v1.GenerationSucceeded":
                await self._succeed(event)
            case "tintype.generation.v1.GenerationFailed":
                failed = generation.GenerationFailed.FromString(event.payload)
                await self._give_back(event, failed, reason=failed.reason or "failed")
            case "tintype.generation.v1.GenerationCancelled":
                cancelled = generation.GenerationCancelled.FromString(event.payload)
                await self._give_back(event, cancelled, reason="cancelled")

    async def _welcome(self, event: IncomingEvent) -> None:
        registered = identity.UserRegistered.FromString(event.payload)
        if self.welcome_credits == 0:
            return
        await self.grant.handle(
            GrantCredits(
                request_id=f"welcome:{registered.user_id}",
                account_id=registered.user_id,
                amount=self.welcome_credits,
                category=Category.PROMOTIONAL,
                source="welcome",
                reason="welcome credits",
            ),
            event_id=event.event_id,
        )

    async def _pay(self, event: IncomingEvent) -> None:
        paid = billing.PaymentCompleted.FromString(event.payload)
        await self.grant.handle(
            GrantCredits(
                request_id=f"payment:{paid.payment_id}",
                account_id=paid.account_id,
                amount=paid.credits,
                category=Category.PAID,
                source=f"payment:{paid.payment_id}",
                payment_id=paid.payment_id,
                reason=f"purchase of {paid.pack_id}",
            ),
            event_id=event.event_id,
        )

    async def _succeed(self, event: IncomingEvent) -> None:
        succeeded = generation.GenerationSucceeded.FromString(event.payload)
        if succeeded.charge_credits == 0:
            await self._give_back(event, succeeded, reason="nothing to charge")
            return
        await self.charge.handle(
            ChargeReservation(
                request_id=f"gen:{succeeded.generation_id}:charge",
                reservation_id=succeeded.reservation_id,
                amount=succeeded.charge_credits,
            ),
            event_id=event.event_id,
            account_id=succeeded.account_id,
        )

    async def _give_back(
        self,
        event: IncomingEvent,
        ended: generation.GenerationFailed | generation.GenerationCancelled | generation.GenerationSucceeded,
        *,
        reason: str,
    ) -> None:
        if not ended.reservation_id:
            # It ended before anything was reserved.
            return
        await self.refund.handle(
            RefundReservation(
                request_id=f"gen:{ended.generation_id}:refund",
                reservation_id=ended.reservation_id,
                reason=reason,
            ),
            event_id=event.event_id,
            account_id=ended.account_id,
        )
