"""Domain values as protobuf messages: shared by the gRPC adapter and the published facts."""

from datetime import datetime
from functools import lru_cache

from chassis.timestamps import to_datetime, to_timestamp
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from tintype.ledger.v1 import ledger_pb2 as pb

from ledger.domain.balance import Balance
from ledger.domain.entry import Entry, EntryKind
from ledger.domain.errors import InvalidField
from ledger.domain.lot import Category, Lot
from ledger.domain.reservation import Reservation, ReservationState

CATEGORIES = {category: pb.Category.Value(f"CATEGORY_{category.name}") for category in Category}
STATES = {
    ReservationState.HELD: pb.RESERVATION_STATE_HELD,
    ReservationState.CHARGED: pb.RESERVATION_STATE_CHARGED,
    ReservationState.REFUNDED: pb.RESERVATION_STATE_REFUNDED,
}
KINDS = {kind: pb.EntryKind.Value(f"ENTRY_KIND_{kind.name}") for kind in EntryKind}


# One batch has few different times; a message that takes one in copies it.
@lru_cache(maxsize=4096)
def timestamp(value: datetime | None) -> Timestamp | None:
    """Return a protobuf timestamp, or None."""
    return to_timestamp(value)


# A day within what Python and PostgreSQL can tell, so that no time zone leads out of it.
_SECONDS_MIN, _SECONDS_MAX = -62_135_510_400, 253_402_214_400


def moment_of(message: Message, field: str) -> datetime | None:
    """Return a field's aware UTC time, None when it is absent. Raises InvalidField for what is no time."""
    if not message.HasField(field):
        return None
    stamp: Timestamp = getattr(message, field)
    if not (_SECONDS_MIN <= stamp.seconds <= _SECONDS_MAX and 0 <= stamp.nanos < 10**9):
        raise InvalidField(field, "must be a time from the year 1 to the year 9999")
    return to_datetime(stamp)


def balance(value: Balance) -> pb.Balance:
    """Return a balance as a message."""
    account_id, available, held, debt, amounts, next_expiry, sequence, upcoming, next_effective = value
    message = pb.Balance(
        account_id=account_id,
        available=available,
        held=held,
        debt=debt,
        next_expiry=None if next_expiry is None else timestamp(next_expiry),
        sequence=sequence,
        upcoming=upcoming,
        next_effective=None if next_effective is None else timestamp(next_effective),
    )
    # One by one: handing over a mapping takes several times as long.
    by_category = message.by_category
    for category, amount in amounts.items():
        by_category[CATEGORIES[category]] = amount
    return message


def reservation(value: Reservation) -> pb.Reservation:
    """Return a reservation as a message."""
    return pb.Reservation(
        reservation_id=value.reservation_id,
        account_id=value.account_id,
        state=STATES[value.state],
        reserved=value.reserved,
        charged=value.charged,
        refunded=value.refunded,
        reference=value.reference,
        expires_at=timestamp(value.expires_at),
        created_at=timestamp(value.created_at),
        settled_at=timestamp(value.settled_at),
    )


def lot(value: Lot) -> pb.Lot:
    """Return a lot as a message."""
    return pb.Lot(
        grant_id=value.grant_id,
        category=CATEGORIES[value.category],
        amount=value.amount,
        remaining=value.remaining,
        held=value.held,
        source=value.source,
        granted_at=timestamp(value.created_at),
        effective_at=timestamp(value.effective_at),
        expires_at=timestamp(value.expires_at),
    )


def entry(value: Entry) -> pb.Entry:
    """Return a statement line as a message."""
    return pb.Entry(
        entry_id=value.entry_id,
        sequence=value.sequence,
        kind=KINDS[value.kind],
        amount=value.movement.available,
        category=CATEGORIES[value.category],
        balance_after=value.balance_after,
        held_after=value.held_after,
        settled=max(0, value.movement.revenue),
        reservation_id=value.reservation_id or "",
        generation_id=value.reference or "",
        payment_id=value.payment_id or "",
        reason=value.reason or "",
        actor=value.actor or "",
        created_at=timestamp(value.created_at),
    )
