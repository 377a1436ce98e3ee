"""The ledger's messages as our own objects: shared by the gRPC adapter and the feed of events."""

from chassis.timestamps import moment, to_datetime
from tintype.ledger.v1 import ledger_pb2 as pb

from gateway.domain.credits import (
    Balance,
    Category,
    Entry,
    EntryKind,
    PinnedLot,
    Reservation,
    ReservationState,
)

CATEGORIES: dict[int, Category] = {pb.Category.Value(f"CATEGORY_{one.name}"): one for one in Category}
KINDS = {pb.EntryKind.Value(f"ENTRY_KIND_{one.name}"): one for one in EntryKind}
STATES = {pb.ReservationState.Value(f"RESERVATION_STATE_{one.name}"): one for one in ReservationState}


def balance(message: pb.Balance) -> Balance:
    """A balance."""
    return Balance(
        available=message.available,
        held=message.held,
        debt=message.debt,
        # Credits of a category that is newer than this gateway count as available, and as no other category.
        by_category={
            CATEGORIES[number]: amount
            for number, amount in message.by_category.items()
            if number in CATEGORIES
        },
        next_expiry=moment(message, "next_expiry"),
        sequence=message.sequence,
        upcoming=message.upcoming,
        next_effective=moment(message, "next_effective"),
    )


def entry(message: pb.Entry) -> Entry:
    """A line of the statement."""
    return Entry(
        entry_id=message.entry_id,
        sequence=message.sequence,
        kind=KINDS[message.kind],
        amount=message.amount,
        category=CATEGORIES.get(message.category),
        balance_after=message.balance_after,
        held_after=message.held_after,
        settled=message.settled,
        reservation_id=message.reservation_id or None,
        generation_id=message.generation_id or None,
        payment_id=message.payment_id or None,
        reason=message.reason or None,
        created_at=to_datetime(message.created_at),
    )


def reservation(message: pb.Reservation) -> Reservation:
    """What is held, or was settled."""
    return Reservation(
        reservation_id=message.reservation_id,
        account_id=message.account_id,
        state=STATES[message.state],
        reserved=message.reserved,
        charged=message.charged,
        refunded=message.refunded,
        expires_at=to_datetime(message.expires_at),
        created_at=to_datetime(message.created_at),
        settled_at=moment(message, "settled_at"),
    )


def pinned_lot(message: pb.PinnedLot) -> PinnedLot:
    """A lot that a reservation drew from."""
    return PinnedLot(
        grant_id=message.grant_id,
        category=CATEGORIES[message.category],
        amount=message.amount,
        source=message.source,
        granted_at=to_datetime(message.granted_at),
    )
