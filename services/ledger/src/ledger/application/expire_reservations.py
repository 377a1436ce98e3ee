"""Use case: settle reservations whose time has passed, after asking how their jobs ended."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.application.charge_reservation import ChargeReservation
from ledger.application.command import Command
from ledger.application.command_writer import CommandWriter
from ledger.application.extend_reservation import ExtendReservation
from ledger.application.postpone_reservation import PostponeReservation
from ledger.application.refund_reservation import RefundReservation
from ledger.domain.identifiers import RequestId, ReservationId
from ledger.domain.reservation import Reservation
from ledger.ports.clock import Clock
from ledger.ports.generation_settlements import Decision, GenerationSettlements, Settlement
from ledger.ports.ledger_reader import LedgerReader

BATCH_MAX = 100
# So that one sweep ends, however many are overdue.
BATCHES_MAX = 50
# How many jobs are asked about at the same time.
ASKING_MAX = 10
# How much longer a job that still runs keeps its credits before it is asked about again.
EXTENSION_S = 600


@dataclass(frozen=True, kw_only=True)
class Swept:
    """How many reservations were charged, refunded, extended because their job still runs, or failed.

    `failures` says why a reservation could not be settled: it stays held, and is tried again later.
    """

    charged: int
    refunded: int
    pending: int
    failures: tuple[str, ...]


@dataclass(frozen=True)
class ExpireReservationsHandler:
    """Never gives back what a job may still earn: without an answer the credits stay held.

    Whatever can't be settled now is postponed, longer the older it is, so that it never keeps the others
    from their turn.
    """

    writer: CommandWriter
    reader: LedgerReader
    settlements: GenerationSettlements
    clock: Clock

    async def __call__(self) -> Swept:
        """Settle what is overdue, a batch after the other. No transaction is open while it asks."""
        counts: Counter[Decision] = Counter()
        failures: list[str] = []
        seen: set[ReservationId] = set()
        for _ in range(BATCHES_MAX):
            overdue = await self.reader.overdue_reservations(self.clock.now(), BATCH_MAX)
            fresh = [reservation for reservation in overdue if reservation.reservation_id not in seen]
            seen.update(reservation.reservation_id for reservation in fresh)
            await self._settle(fresh, counts, failures)
            if not fresh or len(overdue) < BATCH_MAX:
                break
        return Swept(
            charged=counts[Decision.CHARGE],
            refunded=counts[Decision.REFUND],
            pending=counts[Decision.PENDING],
            failures=tuple(failures),
        )

    async def _settle(
        self, overdue: Sequence[Reservation], counts: Counter[Decision], failures: list[str]
    ) -> None:
        slots = asyncio.Semaphore(ASKING_MAX)

        async def ask(reservation: Reservation) -> Settlement | Exception:
            async with slots:
                try:
                    return await self.settlements.ask(reservation.reference)
                except Exception as failure:  # noqa: BLE001 - whatever it is, the others have their turn
                    return failure

        unsettled: list[tuple[Reservation, Exception]] = []
        known: list[tuple[Reservation, Settlement]] = []
        for reservation, verdict in zip(overdue, await asyncio.gather(*map(ask, overdue)), strict=True):
            if isinstance(verdict, Exception):
                unsettled.append((reservation, verdict))
            else:
                known.append((reservation, verdict))
        outcomes = await self.writer.apply_batch([_command(*settled) for settled in known])
        for (reservation, verdict), outcome in zip(known, outcomes, strict=True):
            if outcome.refusal is None:
                counts[verdict.decision] += 1
            else:
                unsettled.append((reservation, outcome.refusal))
        await self._postpone([reservation for reservation, _ in unsettled])
        failures += [f"{reservation.reservation_id}: {failure!r}" for reservation, failure in unsettled]

    async def _postpone(self, unsettled: Sequence[Reservation]) -> None:
        await self.writer.apply_batch(
            [PostponeReservation(reservation_id=reservation.reservation_id) for reservation in unsettled]
        )


def _command(reservation: Reservation, verdict: Settlement) -> Command:
    """Return what settles a reservation: once, so that the job's own event gets this outcome if it comes."""
    if verdict.decision is Decision.CHARGE and verdict.charge_credits > 0:
        return ChargeReservation(
            request_id=RequestId(f"gen:{reservation.reference}:charge"),
            reservation_id=reservation.reservation_id,
            amount=verdict.charge_credits,
        )
    if verdict.decision is Decision.PENDING:
        # Ask again later: otherwise jobs that run for long would fill every batch.
        return ExtendReservation(
            request_id=RequestId(f"sweep:{reservation.reservation_id}:{reservation.expires_at.isoformat()}"),
            reservation_id=reservation.reservation_id,
            ttl_s=EXTENSION_S,
        )
    return RefundReservation(
        request_id=RequestId(f"gen:{reservation.reference}:expire"),
        reservation_id=reservation.reservation_id,
        reason=verdict.reason or "reservation expired",
    )
