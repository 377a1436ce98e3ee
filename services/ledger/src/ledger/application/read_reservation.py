"""Use case: say where a reservation stands."""

from dataclasses import dataclass

from ledger.application.bounds import require_short
from ledger.domain.errors import InvalidField, ReservationNotFound
from ledger.domain.reservation import Reservation
from ledger.ports.ledger_reader import LedgerReader


@dataclass(frozen=True)
class ReadReservationHandler:
    """Reads one reservation, whoever holds it."""

    reader: LedgerReader

    async def __call__(self, *, reservation_id: str, reference: str) -> Reservation:
        """Return a reservation by id or by reference. Raises ReservationNotFound."""
        if not reservation_id and not reference:
            raise InvalidField("reservation_id", "or reference is required")
        require_short("reservation_id", reservation_id)
        require_short("reference", reference)
        found = await self.reader.reservation(reservation_id=reservation_id, reference=reference)
        if found is None:
            raise ReservationNotFound(f"no reservation {reservation_id or 'for ' + reference}")
        return found
