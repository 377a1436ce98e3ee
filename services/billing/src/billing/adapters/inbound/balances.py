"""Facts of the ledger that move a balance: parse, call the use case.

All of them are heard, whoever they are about: a threshold is its owner's own. Who asked for nothing costs a
share of one look-up by keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.events import IncomingEvent, Refused
from tintype.ledger.v1 import events_pb2 as ledger

from billing.application.hear_balance import HearBalance, HearBalanceHandler
from billing.domain.identifiers import PaymentId, UserId

STREAM = "LEDGER"
Moved = (
    ledger.CreditsGranted
    | ledger.CreditsReserved
    | ledger.CreditsCharged
    | ledger.CreditsRefunded
    | ledger.CreditsExpired
    | ledger.CreditsClawedBack
    | ledger.CreditsAdjusted
)
_MESSAGES: Mapping[str, type[Moved]] = {
    "credits_granted": ledger.CreditsGranted,
    "credits_reserved": ledger.CreditsReserved,
    "credits_charged": ledger.CreditsCharged,
    "credits_refunded": ledger.CreditsRefunded,
    "credits_expired": ledger.CreditsExpired,
    "credits_clawed_back": ledger.CreditsClawedBack,
    "credits_adjusted": ledger.CreditsAdjusted,
}
SUBJECTS = tuple(f"tintype.ledger.v1.{name}.*" for name in _MESSAGES)
_BY_TYPE = {message.DESCRIPTOR.full_name: message for message in _MESSAGES.values()}


@dataclass(frozen=True)
class BalanceFacts:
    """Turns each fact into one command, which does nothing the second time."""

    hear: HearBalanceHandler

    async def handle(self, event: IncomingEvent) -> None:
        """Apply an event. Raises for what must be delivered again, and Refused for what never can be."""
        if event.ce_type not in _BY_TYPE:
            raise Refused(f"{event.ce_type} moves no balance")
        moved: Moved = event.read(_BY_TYPE[event.ce_type])
        payment_id = moved.payment_id if isinstance(moved, ledger.CreditsGranted) else ""
        await self.hear(
            HearBalance(
                user_id=UserId(moved.account_id),
                available=moved.balance.available,
                sequence=moved.balance.sequence,
                payment_id=PaymentId(payment_id) if payment_id else None,
            )
        )
