"""Use cases that only read: balance, statement, reservations and their lots."""

from dataclasses import dataclass
from datetime import datetime

from ledger.application.bounds import page_size, require_account, require_short, require_text
from ledger.domain.balance import Balance
from ledger.domain.entry import Entry
from ledger.domain.errors import InvalidField, ReservationNotFound
from ledger.domain.reservation import Reservation
from ledger.ports.clock import Clock
from ledger.ports.ledger_reader import EntryFilter, LedgerReader, PinnedLot
from ledger.ports.statements import Statements


@dataclass(frozen=True, kw_only=True)
class EntryPage:
    """Entries, newest first, and the sequence to go on before, if there are more."""

    entries: list[Entry]
    next_before: int | None


class ReadLedgerHandler:
    """Answers questions about one account."""

    def __init__(self, reader: LedgerReader, statements: Statements, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._statements = statements

    async def balance(self, account_id: str, *, as_of: datetime | None = None) -> Balance:
        """Return the balance now, or as it was; zeroes for an account that was not used by then."""
        require_account("account_id", account_id)
        if as_of is not None:
            return await self._statements.balance_as_of(account_id, as_of)
        return await self._reader.balance(account_id, self._clock.now())

    async def entries(self, account_id: str, wanted: EntryFilter) -> EntryPage:
        """Return one page of the statement."""
        require_account("account_id", account_id)
        if wanted.since and wanted.until and wanted.since > wanted.until:
            raise InvalidField("from", "must not be after to")
        limit = page_size(wanted.limit)
        found = await self._reader.entries(
            account_id,
            EntryFilter(
                kinds=wanted.kinds,
                since=wanted.since,
                until=wanted.until,
                before_sequence=wanted.before_sequence,
                limit=limit + 1,
            ),
        )
        page = found[:limit]
        return EntryPage(entries=page, next_before=page[-1].sequence if len(found) > limit else None)

    async def reservation(self, *, reservation_id: str, reference: str) -> Reservation:
        """Return a reservation by id or by reference. Raises ReservationNotFound."""
        if not reservation_id and not reference:
            raise InvalidField("reservation_id", "or reference is required")
        require_short("reservation_id", reservation_id)
        require_short("reference", reference)
        found = await self._reader.reservation(reservation_id=reservation_id, reference=reference)
        if found is None:
            raise ReservationNotFound(f"no reservation {reservation_id or 'for ' + reference}")
        return found

    async def pinned_lots(self, account_id: str, reservation_id: str) -> list[PinnedLot]:
        """Return the lots that a reservation of this account drew from. Raises ReservationNotFound."""
        require_account("account_id", account_id)
        require_text("reservation_id", reservation_id)
        lots = await self._reader.pinned_lots(account_id, reservation_id)
        if lots is None:
            raise ReservationNotFound(f"no reservation {reservation_id}")
        return lots
