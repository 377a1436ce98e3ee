"""Use case: say where a reservation stands."""

from dataclasses import dataclass

from ledger.application.bounds import require_short
from ledger.domain.errors import InvalidField, ReservationNotFound
from ledger.domain.identifiers import ReservationId
from ledger.domain.reservation import Reservation
from ledger.ports.ledger_reader import LedgerReader


@dataclass(frozen=True)
class ReadReservationHandler:
    """Reads one reservation, whoever holds it."""

    reader: LedgerReader

    async def __call__(
        self, *, reservation_id: ReservationId | None = None, reference: str | None = None
    ) -> Reservation:
        """Return a reservation by id or by reference. Raises ReservationNotFound."""
        if reservation_id is None and reference is None:
            raise InvalidField("reservation_id", "or reference is required")
        if reservation_id is not None:
            require_short("reservation_id", reservation_id)
        if reference is not None:
            require_short("reference", reference)
        found = await self.reader.reservation(reservation_id=reservation_id, reference=reference)
        if found is None:
            raise ReservationNotFound(f"no reservation {reservation_id or f'for {reference}'}")
        return found
