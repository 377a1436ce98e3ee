"""Reservations: credits set aside for one job, pinned to the lots they came from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReservationState(StrEnum):
    """HELD goes to CHARGED or REFUNDED; CHARGED may go to REFUNDED by a person's decision."""

    HELD = "held"
    CHARGED = "charged"
    REFUNDED = "refunded"


@dataclass(kw_only=True)
class PinnedLine:
    """What a reservation drew from one lot; once settled, amount = charged + returned."""

    grant_id: str
    position: int
    amount: int
    charged: int = 0
    returned: int = 0


@dataclass(kw_only=True)
class Reservation:
    """One reservation with its pinned lines, in spending order."""

    reservation_id: str
    account_id: str
    reference: str
    reserved: int
    charged: int = 0
    refunded: int = 0
    state: ReservationState = ReservationState.HELD
    lines: list[PinnedLine]
    expires_at: datetime
    created_at: datetime
    settled_at: datetime | None = None
