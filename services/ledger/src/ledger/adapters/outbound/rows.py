"""Rows to domain objects and back."""

from dataclasses import asdict
from typing import Any

from ledger.adapters.outbound.tables import BOOKS
from ledger.domain.entry import Entry, EntryKind, Links, Movement
from ledger.domain.lot import Category, Lot
from ledger.domain.request import RecordedRequest, Refusal
from ledger.domain.reservation import PinnedLine, Reservation, ReservationState


def to_lot(row: Any) -> Lot:
    """Read a lot."""
    fields = dict(row._mapping)
    return Lot(**{**fields, "category": Category(row.category)})


def from_lot(lot: Lot) -> dict[str, Any]:
    """Write a lot."""
    return {**asdict(lot), "category": lot.category.value}


def to_reservation(row: Any, lines: list[PinnedLine]) -> Reservation:
    """Read a reservation."""
    return Reservation(**{**row._mapping, "state": ReservationState(row.state), "lines": lines})


def from_reservation(reservation: Reservation) -> dict[str, Any]:
    """Write a reservation, without its lines."""
    fields = asdict(reservation)
    del fields["lines"]
    return {**fields, "state": reservation.state.value}


def from_lines(reservation: Reservation) -> list[dict[str, Any]]:
    """Write a reservation's lines."""
    owner = {"reservation_id": reservation.reservation_id, "account_id": reservation.account_id}
    return [{**owner, **asdict(line)} for line in reservation.lines]


def to_line(row: Any) -> PinnedLine:
    """Read one pinned line."""
    return PinnedLine(
        grant_id=row.grant_id,
        position=row.position,
        amount=row.amount,
        charged=row.charged,
        returned=row.returned,
    )


def to_entry(row: Any) -> Entry:
    """Read a journal row."""
    return Entry(
        entry_id=row.entry_id,
        account_id=row.account_id,
        sequence=row.sequence,
        kind=EntryKind(row.kind),
        category=Category(row.category),
        movement=Movement(**{book: getattr(row, book) for book in BOOKS}),
        balance_after=row.balance_after,
        held_after=row.held_after,
        links=Links(
            transaction_id=row.transaction_id,
            request_id=row.request_id,
            grant_id=row.grant_id,
            reservation_id=row.reservation_id,
            reference=row.reference,
            payment_id=row.payment_id,
            reason=row.reason,
        ),
        created_at=row.created_at,
    )


def from_entry(entry: Entry) -> dict[str, Any]:
    """Write a journal row."""
    return {
        "entry_id": entry.entry_id,
        "account_id": entry.account_id,
        "sequence": entry.sequence,
        "kind": entry.kind.value,
        "category": entry.category.value,
        **asdict(entry.movement),
        "balance_after": entry.balance_after,
        "held_after": entry.held_after,
        **asdict(entry.links),
        "created_at": entry.created_at,
    }


def to_request(row: Any) -> RecordedRequest:
    """Read a remembered request."""
    refusal = Refusal(reason=row.refusal_reason, details=row.refusal_details or {})
    return RecordedRequest(
        request_id=row.request_id,
        account_id=row.account_id,
        command=row.command,
        fingerprint=row.fingerprint,
        made_id=row.made_id,
        refusal=refusal if row.refusal_reason else None,
        created_at=row.created_at,
    )
