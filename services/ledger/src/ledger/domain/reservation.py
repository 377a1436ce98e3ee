"""Reservations: credits set aside for one job, pinned to the lots they came from."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Self

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
    """One reservation with its pinned lines in spending order. Each movement returns it as it is after it."""

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

    def charge(self, amount: int, settled_at: datetime) -> Self:
        """Take up to the reserved amount in the pinned order; the rest returns."""
        lines = []
        left = amount
        for grant_id, pinned, _ in self.lines:
            taken = min(left, pinned)
            lines.append(PinnedLine(grant_id, pinned, taken))
            left -= taken
        # Every field by name would be `_replace`, which takes three times as long: most are charged.
        return type(self)(
            self.reservation_id,
            self.account_id,
            self.reference,
            self.reserved,
            amount,
            self.reserved - amount,
            ReservationState.CHARGED,
            tuple(lines),
            self.budgets,
            self.expires_at,
            self.created_at,
            settled_at,
        )

    def refund(self, settled_at: datetime) -> Self:
        """Return all of it."""
        return self._replace(
            state=ReservationState.REFUNDED,
            charged=0,
            refunded=self.reserved,
            lines=tuple(line._replace(charged=0) for line in self.lines),
            settled_at=settled_at,
        )

    def extend(self, expires_at: datetime) -> Self:
        """Keep it until then."""
        return self._replace(expires_at=expires_at)
