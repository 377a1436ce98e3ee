"""Rows to domain objects: each column list goes with the function that reads its rows, by position."""

from datetime import date
from typing import Any

from ledger.domain.budget import Budget, BudgetKey, BudgetPeriod
from ledger.domain.clawback import Clawback
from ledger.domain.entry import Entry, EntryKind, Movement
from ledger.domain.lot import Category, Lot
from ledger.domain.request import RecordedRequest, Refusal
from ledger.domain.reservation import PinnedLine, Reservation, ReservationState

LOT = (
    "grant_id, account_id, category, amount, remaining, held, spent, expired, clawed_back, priority, "
    "effective_at, expires_at, source, payment_id, created_at"
)
RESERVATION = (
    "reservation_id, account_id, reference, reserved, charged, refunded, state, line_grants, line_amounts, "
    "line_charged, budgets, expires_at, created_at, settled_at"
)
ENTRY = (
    "entry_id, transaction_id, account_id, sequence, kind, category, available, held, world, revenue, "
    "breakage, debt, adjustment, balance_after, held_after, request_id, grant_id, reservation_id, reference, "
    "payment_id, actor, reason, created_at, metadata"
)
CLAWBACK = "payment_id, account_id, granted, targets, reinstated, taken, from_own_lot"


def to_lot(row: Any) -> Lot:
    """Read a row of `LOT`."""
    return Lot(
        grant_id=row[0],
        account_id=row[1],
        category=Category(row[2]),
        amount=row[3],
        remaining=row[4],
        held=row[5],
        spent=row[6],
        expired=row[7],
        clawed_back=row[8],
        priority=row[9],
        effective_at=row[10],
        expires_at=row[11],
        source=row[12],
        payment_id=row[13],
        created_at=row[14],
    )


def to_reservation(row: Any) -> Reservation:
    """Read a row of `RESERVATION`."""
    return Reservation(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        ReservationState(row[6]),
        tuple(map(PinnedLine, row[7], row[8], row[9])),
        tuple(map(to_budget_key, row[10])) if row[10] else (),
        row[11],
        row[12],
        row[13],
    )


def to_budget_key(document: dict[str, str]) -> BudgetKey:
    """Read one budget that a reservation counted in."""
    return BudgetKey(
        document["scope"], BudgetPeriod(document["period"]), date.fromisoformat(document["starts_on"])
    )


def from_budget_key(key: BudgetKey) -> dict[str, str]:
    """Write one budget that a reservation counts in."""
    return {"scope": key.scope, "period": key.period.value, "starts_on": key.starts_on.isoformat()}


def to_entry(row: Any) -> Entry:
    """Read a row of `ENTRY`."""
    return Entry(
        row[0],
        row[1],
        row[2],
        row[3],
        EntryKind(row[4]),
        Category(row[5]),
        Movement(*row[6:13]),
        row[13],
        row[14],
        row[15],
        row[16],
        row[17],
        row[18],
        row[19],
        row[20] or None,
        row[21] or None,
        row[22],
        row[23],
    )


def to_request(row: Any) -> RecordedRequest:
    """Read a remembered request."""
    refusal = None
    if row[5] is not None:
        details = dict(row[6] or {})
        refusal = Refusal(row[5], details.pop("message", ""), details)
    return RecordedRequest(row[0], row[1], row[2], row[3], row[4], refusal, row[7])


def to_clawback(row: Any) -> Clawback:
    """Read a row of `CLAWBACK`."""
    return Clawback(*row)


def to_budget(row: Any) -> Budget:
    """Read account, scope, period, first day and what is used."""
    return Budget(BudgetKey(row[1], BudgetPeriod(row[2]), row[3]), row[4])
