"""Use case: say which lots a reservation drew from."""

from dataclasses import dataclass

from ledger.application.bounds import require_account, require_text
from ledger.domain.errors import ReservationNotFound
from ledger.domain.identifiers import AccountId, ReservationId
from ledger.ports.ledger_reader import LedgerReader, PinnedLot


@dataclass(frozen=True)
class ListReservationLotsHandler:
    """Reads the lots of one account's reservation."""

    reader: LedgerReader

    async def __call__(self, account_id: AccountId, reservation_id: ReservationId) -> list[PinnedLot]:
        """Return the lots that a reservation of this account drew from. Raises ReservationNotFound."""
        require_account("account_id", account_id)
        require_text("reservation_id", reservation_id)
        lots = await self.reader.pinned_lots(account_id, reservation_id)
        if lots is None:
            raise ReservationNotFound(f"no reservation {reservation_id}")
        return lots
