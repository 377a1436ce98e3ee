"""Events that move credits: parse, call the use case. The inbox row and the effect share a transaction."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from chassis.events import IncomingEvent, Refused
from google.protobuf.message import Message
from tintype.billing.v1 import events_pb2 as billing
from tintype.generation.v1 import events_pb2 as generation
from tintype.identity.v1 import events_pb2 as identity

from ledger.adapters import messages
from ledger.application.charge_reservation import ChargeReservation
from ledger.application.claw_back_credits import ClawBackCredits
from ledger.application.command_writer import CommandWriter
from ledger.application.grant_credits import GrantCredits
from ledger.application.open_account import OpenAccount
from ledger.application.refund_reservation import RefundReservation
from ledger.application.renew_subscription import RenewSubscription
from ledger.domain import sources
from ledger.domain.errors import InvalidField
from ledger.domain.identifiers import AccountId, EventId, PaymentId, RequestId, ReservationId, SubscriptionId
from ledger.domain.lot import Category

SUBJECTS = {
    "IDENTITY": (
        "tintype.identity.v1.user_registered.*",
        "tintype.identity.v1.email_verified.*",
        "tintype.identity.v1.user_deleted.*",
    ),
    "BILLING": (
        "tintype.billing.v1.payment_completed.*",
        "tintype.billing.v1.payment_refunded.*",
        "tintype.billing.v1.payment_disputed.*",
        "tintype.billing.v1.subscription_renewed.*",
        "tintype.billing.v1.allocation_raised.*",
        "tintype.billing.v1.promotion_redeemed.*",
    ),
    "GENERATION": (
        "tintype.generation.v1.generation_succeeded.*",
        "tintype.generation.v1.generation_failed.*",
        "tintype.generation.v1.generation_cancelled.*",
    ),
}

# A fact from before there were conditions says nothing of them.
_WELCOMED: frozenset[int] = frozenset({identity.WELCOME_UNSPECIFIED, identity.WELCOME_NOW})


@dataclass(frozen=True, kw_only=True)
class LedgerEvents:
    """Turns each event that the ledger listens to into one command."""

    writer: CommandWriter
    welcome_credits: int
    forget: Callable[[str], Awaitable[object]] | None = None
    """Deletes what was kept of facts about an account that could not be handled."""

    async def handle(self, event: IncomingEvent) -> None:
        """Apply an event once, whatever is redelivered. Raises for what must be delivered again, and Refused
        for what its sender may not tell, or what is out of bounds: no later delivery changes that."""
        try:
            await self._apply(event)
        except InvalidField as invalid:
            raise Refused(str(invalid)) from invalid

    async def _apply(self, event: IncomingEvent) -> None:
        match event.ce_type:
            case "tintype.identity.v1.UserRegistered":
                registered = event.read(identity.UserRegistered, account_field="user_id")
                await self._welcome(event, registered.user_id, registered.welcome)
            case "tintype.identity.v1.EmailVerified":
                verified = event.read(identity.EmailVerified, account_field="user_id")
                await self._welcome(event, verified.user_id, verified.welcome)
            case "tintype.identity.v1.UserDeleted":
                # The journal names nobody, and stays. What could not be handled may carry an address.
                gone = event.read(identity.UserDeleted, account_field="user_id")
                if self.forget is not None:
                    await self.forget(gone.user_id)
            case "tintype.billing.v1.PaymentCompleted":
                await self._pay(event)
            case "tintype.billing.v1.PaymentRefunded":
                await self._take_back(event)
            case "tintype.billing.v1.PaymentDisputed":
                await self._dispute(event)
            case "tintype.billing.v1.SubscriptionRenewed":
                await self._renew(event)
            case "tintype.billing.v1.AllocationRaised":
                await self._raise(event)
            case "tintype.billing.v1.PromotionRedeemed":
                await self._promote(event)
            case "tintype.generation.v1.GenerationSucceeded":
                await self._succeed(event)
            case "tintype.generation.v1.GenerationFailed":
                failed = event.read(generation.GenerationFailed)
                await self._give_back(event, failed, reason=failed.reason or "failed")
            case "tintype.generation.v1.GenerationCancelled":
                cancelled = event.read(generation.GenerationCancelled)
                await self._give_back(event, cancelled, reason="cancelled")

    async def _welcome(self, event: IncomingEvent, user_id: str, welcome: int) -> None:
        """Grant the welcome credits, once a user, or only open the account."""
        if self.welcome_credits == 0 or welcome not in _WELCOMED:
            await self.writer.apply(
                OpenAccount(request_id=RequestId(f"open:{user_id}"), account_id=AccountId(user_id)),
                event_id=EventId(event.event_id),
            )
            return
        await self.writer.apply(
            GrantCredits(
                request_id=RequestId(f"welcome:{user_id}"),
                account_id=AccountId(user_id),
                amount=self.welcome_credits,
                category=Category.PROMOTIONAL,
                source="welcome",
                reason="welcome credits",
            ),
            event_id=EventId(event.event_id),
        )

    async def _pay(self, event: IncomingEvent) -> None:
        paid = event.read(billing.PaymentCompleted)
        await self.writer.apply(
            GrantCredits(
                request_id=RequestId(f"payment:{paid.payment_id}"),
                account_id=AccountId(paid.account_id),
                amount=paid.credits,
                category=Category.PAID,
                source=f"payment:{paid.payment_id}",
                payment_id=PaymentId(paid.payment_id),
                reason=f"purchase of {paid.pack_id}",
            ),
            event_id=EventId(event.event_id),
        )

    async def _take_back(self, event: IncomingEvent) -> None:
        refunded = event.read(billing.PaymentRefunded)
        # A cause's target only grows: a total that fell is counted by a cause of its own.
        cause = f"refund:{refunded.series}" if refunded.series else "refund"
        state = "reversed:" if refunded.reversed else ""
        await self.writer.apply(
            ClawBackCredits(
                request_id=RequestId(
                    f"clawback:{refunded.payment_id}:{cause}:{state}{refunded.refunded_credits}"
                ),
                account_id=AccountId(refunded.account_id),
                payment_id=PaymentId(refunded.payment_id),
                cause=cause,
                target=refunded.refunded_credits,
                reinstated=refunded.reversed,
                reason="refund failed" if refunded.reversed else "payment refunded",
            ),
            event_id=EventId(event.event_id),
        )

    async def _dispute(self, event: IncomingEvent) -> None:
        disputed = event.read(billing.PaymentDisputed)
        won = disputed.state == billing.DISPUTE_STATE_WON
        cause = f"dispute:{disputed.dispute_id}"
        state = "won" if won else "open"
        await self.writer.apply(
            ClawBackCredits(
                # Opened and lost take the same: the first of them does, the other changes nothing.
                request_id=RequestId(
                    f"clawback:{disputed.payment_id}:{cause}:{state}:{disputed.disputed_credits}"
                ),
                account_id=AccountId(disputed.account_id),
                payment_id=PaymentId(disputed.payment_id),
                cause=cause,
                target=disputed.disputed_credits,
                reinstated=won,
                reason="dispute won" if won else "payment disputed",
            ),
            event_id=EventId(event.event_id),
        )

    async def _renew(self, event: IncomingEvent) -> None:
        renewed = event.read(billing.SubscriptionRenewed)
        begins = _required(renewed, "period_start")
        await self.writer.apply(
            RenewSubscription(
                request_id=RequestId(f"allocation:{renewed.subscription_id}:{begins.isoformat()}"),
                account_id=AccountId(renewed.account_id),
                amount=renewed.credits,
                category=Category.SUBSCRIPTION,
                source=sources.of_month(SubscriptionId(renewed.subscription_id)),
                effective_at=begins,
                expires_at=_required(renewed, "period_end"),
                payment_id=PaymentId(renewed.payment_id) if renewed.payment_id else None,
                reason=f"{renewed.plan_id} renewed",
            ),
            event_id=EventId(event.event_id),
        )

    async def _raise(self, event: IncomingEvent) -> None:
        raised = event.read(billing.AllocationRaised)
        begins = _required(raised, "starts_at")
        await self.writer.apply(
            GrantCredits(
                request_id=RequestId(f"allocation:{raised.subscription_id}:{begins.isoformat()}"),
                account_id=AccountId(raised.account_id),
                amount=raised.credits,
                category=Category.SUBSCRIPTION,
                source=sources.of_raise(SubscriptionId(raised.subscription_id)),
                effective_at=begins,
                expires_at=_required(raised, "ends_at"),
                payment_id=PaymentId(raised.payment_id) if raised.payment_id else None,
                reason=f"{raised.plan_id} instead of a smaller plan",
            ),
            event_id=EventId(event.event_id),
        )

    async def _promote(self, event: IncomingEvent) -> None:
        redeemed = event.read(billing.PromotionRedeemed)
        await self.writer.apply(
            GrantCredits(
                request_id=RequestId(f"promotion:{redeemed.redemption_id}"),
                account_id=AccountId(redeemed.account_id),
                amount=redeemed.credits,
                category=Category.PROMOTIONAL,
                source=f"promotion:{redeemed.code}",
                expires_at=messages.moment_of(redeemed, "expires_at"),
                reason=f"code {redeemed.code}",
            ),
            event_id=EventId(event.event_id),
        )

    async def _succeed(self, event: IncomingEvent) -> None:
        succeeded = event.read(generation.GenerationSucceeded)
        if succeeded.charge_credits == 0:
            await self._give_back(event, succeeded, reason="nothing to charge")
            return
        await self.writer.apply(
            ChargeReservation(
                request_id=RequestId(f"gen:{succeeded.generation_id}:charge"),
                reservation_id=ReservationId(succeeded.reservation_id),
                amount=succeeded.charge_credits,
                expected_account_id=AccountId(succeeded.account_id),
            ),
            event_id=EventId(event.event_id),
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
        await self.writer.apply(
            RefundReservation(
                request_id=RequestId(f"gen:{ended.generation_id}:refund"),
                reservation_id=ReservationId(ended.reservation_id),
                reason=reason,
                expected_account_id=AccountId(ended.account_id),
            ),
            event_id=EventId(event.event_id),
        )


def _required(message: Message, field: str) -> datetime:
    if (moment := messages.moment_of(message, field)) is None:
        raise InvalidField(field, "is required")
    return moment
