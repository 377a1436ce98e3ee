"""Use case: settle reservations whose time has passed, after asking how their jobs ended."""

from dataclasses import dataclass

from ledger.application.charge_reservation import ChargeReservation
from ledger.application.command_writer import CommandWriter
from ledger.application.extend_reservation import ExtendReservation
from ledger.application.refund_reservation import RefundReservation
from ledger.domain.reservation import Reservation
from ledger.ports.clock import Clock
from ledger.ports.generation_settlements import Decision, GenerationSettlements
from ledger.ports.ledger_reader import LedgerReader

BATCH_MAX = 100
# How much longer a job that still runs keeps its credits before it is asked about again.
EXTENSION_S = 600


@dataclass(frozen=True, kw_only=True)
class Swept:
    """How many reservations were charged, refunded, extended because their job still runs, or failed.

    `failures` says why a reservation could not be settled: it stays held, and is tried again.
    """

    charged: int = 0
    refunded: int = 0
    pending: int = 0
    failures: tuple[str, ...] = ()


class ExpireReservationsHandler:
    """Never gives back what a job may still earn: without an answer the credits stay held."""

    def __init__(
        self,
        writer: CommandWriter,
        reader: LedgerReader,
        settlements: GenerationSettlements,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._settlements = settlements
        self._clock = clock

    async def handle(self) -> Swept:
        """Settle up to a batch of overdue reservations. No transaction is open while it asks.

        One that can't be settled never keeps the others waiting.
        """
        counts = dict.fromkeys(Decision, 0)
        failures: list[str] = []
        for reservation in await self._reader.overdue_reservations(self._clock.now(), BATCH_MAX):
            try:
                counts[await self._settle(reservation)] += 1
            except Exception as failure:  # noqa: BLE001 - whatever it is, the next one has its turn
                failures.append(f"{reservation.reservation_id}: {failure!r}")
        return Swept(
            charged=counts[Decision.CHARGE],
            refunded=counts[Decision.REFUND],
            pending=counts[Decision.PENDING],
            failures=tuple(failures),
        )

    async def _settle(self, reservation: Reservation) -> Decision:
        verdict = await self._settlements.ask(reservation.reference)
        # A reservation is settled once: the job's own event, if it still comes, gets this outcome.
        if verdict.decision is Decision.CHARGE and verdict.charge_credits > 0:
            await self._writer.apply(
                ChargeReservation(
                    request_id=f"gen:{reservation.reference}:charge",
                    reservation_id=reservation.reservation_id,
                    amount=verdict.charge_credits,
                )
            )
        elif verdict.decision is Decision.PENDING:
            # Ask again later: otherwise jobs that run for long would fill every batch.
            await self._writer.apply(
                ExtendReservation(
                    request_id=f"sweep:{reservation.reservation_id}:{reservation.expires_at.isoformat()}",
                    reservation_id=reservation.reservation_id,
                    ttl_s=EXTENSION_S,
                )
            )
        else:
            await self._writer.apply(
                RefundReservation(
                    request_id=f"gen:{reservation.reference}:expire",
                    reservation_id=reservation.reservation_id,
                    reason=verdict.reason or "reservation expired",
                )
            )
        return verdict.decision
