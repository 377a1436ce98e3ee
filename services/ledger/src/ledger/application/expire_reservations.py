"""Use case: settle reservations whose time has passed, after asking how their jobs ended."""

from dataclasses import dataclass

from ledger.application.charge_reservation import ChargeReservation, ChargeReservationHandler
from ledger.application.refund_reservation import RefundReservation, RefundReservationHandler
from ledger.domain.reservation import Reservation
from ledger.ports.clock import Clock
from ledger.ports.generation_settlements import Decision, GenerationSettlements
from ledger.ports.ledger_reader import LedgerReader

BATCH_MAX = 100


@dataclass(frozen=True, kw_only=True)
class Swept:
    """How many reservations were charged, refunded, and left held because their job still runs."""

    charged: int = 0
    refunded: int = 0
    pending: int = 0


class ExpireReservationsHandler:
    """Never gives back what a job may still earn: without an answer the credits stay held."""

    def __init__(
        self,
        reader: LedgerReader,
        settlements: GenerationSettlements,
        charge: ChargeReservationHandler,
        refund: RefundReservationHandler,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._settlements = settlements
        self._charge = charge
        self._refund = refund
        self._clock = clock

    async def handle(self) -> Swept:
        """Settle up to a batch of overdue reservations. No transaction is open while it asks."""
        counts = dict.fromkeys(Decision, 0)
        for reservation in await self._reader.overdue_reservations(self._clock.now(), BATCH_MAX):
            counts[await self._settle(reservation)] += 1
        return Swept(
            charged=counts[Decision.CHARGE],
            refunded=counts[Decision.REFUND],
            pending=counts[Decision.PENDING],
        )

    async def _settle(self, reservation: Reservation) -> Decision:
        verdict = await self._settlements.ask(reservation.reference)
        # The ids that the job's own event uses: whichever comes first settles, the other recalls it.
        if verdict.decision is Decision.CHARGE and verdict.charge_credits > 0:
            await self._charge.handle(
                ChargeReservation(
                    request_id=f"gen:{reservation.reference}:charge",
                    reservation_id=reservation.reservation_id,
                    amount=verdict.charge_credits,
                )
            )
        elif verdict.decision is not Decision.PENDING:
            await self._refund.handle(
                RefundReservation(
                    request_id=f"gen:{reservation.reference}:expire",
                    reservation_id=reservation.reservation_id,
                    reason=verdict.reason or "reservation expired",
                )
            )
        return verdict.decision
