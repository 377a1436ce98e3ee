"""Reservations: credits set aside for one job, pinned to the lots they came from."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from ledger.domain.budget import BudgetKey
from ledger.domain.identifiers import AccountId, GrantId, ReservationId


class ReservationState(StrEnum):
    """HELD goes to CHARGED or REFUNDED; CHARGED may go to REFUNDED by a person's decision."""

    HELD = "held"
    CHARGED = "charged"
    REFUNDED = "refunded"


class PinnedLine(NamedTuple):
    """What a reservation drew from one lot; once settled, what was not charged has returned."""

    grant_id: GrantId
    amount: int
    charged: int = 0


class Reservation(NamedTuple):
    """One reservation with its pinned lines in spending order. Settling makes a new one."""

    reservation_id: ReservationId
    account_id: AccountId
    reference: str
    reserved: int
    charged: int
    refunded: int
    state: ReservationState
    lines: tuple[PinnedLine, ...]
    budgets: tuple[BudgetKey, ...]
    expires_at: datetime
    created_at: datetime
    settled_at: datetime | None = None
