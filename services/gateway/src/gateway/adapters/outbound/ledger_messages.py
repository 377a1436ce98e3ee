"""The ledger's messages as our own objects: shared by the gRPC adapter and the feed of events."""

from tintype.ledger.v1 import ledger_pb2 as pb

from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.wire import members
from gateway.domain.credits import (
    Balance,
    Category,
    Entry,
    EntryKind,
    PinnedLot,
    Reservation,
    ReservationState,
)

CATEGORIES = members(pb.Category, Category)
KINDS = members(pb.EntryKind, EntryKind)
STATES = members(pb.ReservationState, ReservationState)


balance = reader(
    pb.Balance,
    Balance,
    names={name: f"available_{name}" for name in ("subscription", "promotional", "paid")},
    unread=("account_id",),
    # The answer to a question has them beside the balance; facts do not tell them.
    elsewhere=("welcome_credits",),
)
entry = reader(
    pb.Entry,
    Entry,
    values={"kind": KINDS.__getitem__, "category": CATEGORIES.get},
    unread=("actor",),
)
reservation = reader(
    pb.Reservation,
    Reservation,
    values={"state": STATES.__getitem__},
    # It was asked for by it.
    unread=("reference",),
)
pinned_lot = reader(pb.PinnedLot, PinnedLot, values={"category": CATEGORIES.__getitem__})
