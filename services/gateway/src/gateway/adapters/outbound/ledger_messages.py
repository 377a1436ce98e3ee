"""The ledger's messages as our own objects: shared by the gRPC adapter and the feed of events."""

from tintype.ledger.v1 import ledger_pb2 as pb

from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.wire import members
from gateway.domain.credits import (
    Balance,
    Category,
    Entry,
    EntryKind,
    Lot,
    PinnedLot,
    Reservation,
    ReservationState,
)

CATEGORIES = {int(number): category for number, category in members(pb.Category, Category).items()}
KINDS = members(pb.EntryKind, EntryKind)
STATES = members(pb.ReservationState, ReservationState)


def _by_category(message: pb.Balance) -> dict[Category, int]:
    # Credits of a category that is newer than this gateway count as available, and as no other category.
    known = message.by_category.items()
    return {CATEGORIES[number]: amount for number, amount in known if number in CATEGORIES}


balance = reader(
    pb.Balance,
    Balance,
    derived={"by_category": _by_category},
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
lot = reader(pb.Lot, Lot, values={"category": CATEGORIES.get})
