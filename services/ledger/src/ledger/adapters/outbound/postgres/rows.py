"""Rows to domain objects. What is selected is named by the fields that it is read into."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Table

from ledger.adapters.outbound.postgres import tables
from ledger.domain.budget import Budget, BudgetKey, BudgetPeriod
from ledger.domain.clawback import Clawback
from ledger.domain.entry import Entry, EntryKind, Movement
from ledger.domain.identifiers import AccountId, GrantId, MadeId, RequestId, ReservationId
from ledger.domain.lot import Category, Lot
from ledger.domain.request import RecordedRequest, Refusal
from ledger.domain.reservation import PinnedLine, Reservation, ReservationState


class ReservationRow(NamedTuple):
    """A reservation as its table has it: its lines are three columns."""

    reservation_id: ReservationId
    account_id: AccountId
    reference: str
    reserved: int
    charged: int
    refunded: int
    state: str
    line_grants: list[GrantId]
    line_amounts: list[int]
    line_charged: list[int]
    budgets: list[dict[str, str]] | None
    expires_at: datetime
    created_at: datetime
    settled_at: datetime | None


class ChangedReservationRow(NamedTuple):
    """What a movement of a reservation changes of its row."""

    reservation_id: ReservationId
    charged: int
    refunded: int
    state: str
    line_charged: list[int]
    expires_at: datetime
    settled_at: datetime | None


class RequestRow(NamedTuple):
    """A request as its table has it: a refusal is two columns."""

    request_id: RequestId
    account_id: AccountId
    command: str
    fingerprint: str
    made_id: MadeId | None
    refusal_reason: str | None
    refusal_details: dict[str, str] | None
    created_at: datetime


class BudgetRow(NamedTuple):
    """A budget as its table has it."""

    account_id: AccountId
    scope: str
    period: str
    starts_on: date
    used: int


# An entry's fields as its table has them: each book is a column.
_MOVEMENT = Entry._fields.index("movement")
ENTRY_FIELDS = (*Entry._fields[:_MOVEMENT], *Movement._fields, *Entry._fields[_MOVEMENT + 1 :])


def _selected(table: Table, fields: Iterable[str]) -> str:
    """Name all columns of a table, in their order. Raises ValueError unless they are these fields."""
    columns = tuple(column.name for column in table.c if column.computed is None)
    if columns != tuple(fields):
        raise ValueError(f"{table.name} has the columns {columns}, not {tuple(fields)}")
    return ", ".join(columns)


LOT = _selected(tables.lots, Lot._fields)
RESERVATION = _selected(tables.reservations, ReservationRow._fields)
ENTRY = _selected(tables.entries, ENTRY_FIELDS)
REQUEST = _selected(tables.requests, RequestRow._fields)
CLAWBACK = _selected(tables.clawbacks, Clawback._fields)
BUDGET = _selected(tables.budgets, BudgetRow._fields)


# Looked up by what the tables hold: calling the class finds the same, five times slower.
_CATEGORIES = {category.value: category for category in Category}
_STATES = {state.value: state for state in ReservationState}


def to_lot(row: Any) -> Lot:
    """Read a row of `LOT`. Raises ValueError for a category that is not known here."""
    grant_id, account_id, category, *others = row
    # A class that does not know the value raises.
    return Lot._make((grant_id, account_id, _CATEGORIES.get(category) or Category(category), *others))


def to_reservation(row: Any) -> Reservation:
    """Read a row of `RESERVATION`."""
    # By place, in the order of ReservationRow: it is done for every settlement.
    (
        reservation_id,
        account_id,
        reference,
        reserved,
        charged,
        refunded,
        state,
        line_grants,
        line_amounts,
        line_charged,
        budgets,
        *times,
    ) = row
    return Reservation(
        reservation_id,
        account_id,
        reference,
        reserved,
        charged,
        refunded,
        _STATES.get(state) or ReservationState(state),
        tuple(map(PinnedLine, line_grants, line_amounts, line_charged)),
        tuple(map(to_budget_key, budgets)) if budgets else (),
        *times,
    )


# These are by place as well, in the order of their rows' classes: a row is read once, column by column.


def from_reservation(reservation: Reservation) -> tuple[Any, ...]:
    """Write a row of `RESERVATION`: the values of a ReservationRow."""
    lines = reservation.lines
    return (
        reservation.reservation_id,
        reservation.account_id,
        reservation.reference,
        reservation.reserved,
        reservation.charged,
        reservation.refunded,
        reservation.state,
        [line.grant_id for line in lines],
        [line.amount for line in lines],
        [line.charged for line in lines],
        [from_budget_key(key) for key in reservation.budgets] if reservation.budgets else None,
        reservation.expires_at,
        reservation.created_at,
        reservation.settled_at,
    )


def from_changed_reservation(reservation: Reservation) -> tuple[Any, ...]:
    """Write what a movement changed: the values of a ChangedReservationRow."""
    return (
        reservation.reservation_id,
        reservation.charged,
        reservation.refunded,
        reservation.state,
        [line.charged for line in reservation.lines],
        reservation.expires_at,
        reservation.settled_at,
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
    """Read a row that has the columns of `ENTRY`. Raises ValueError for a category that is not known here."""
    return Entry(
        entry_id=row.entry_id,
        transaction_id=row.transaction_id,
        account_id=row.account_id,
        sequence=row.sequence,
        kind=EntryKind(row.kind),
        category=Category(row.category),
        movement=Movement(*(getattr(row, book) for book in Movement._fields)),
        balance_after=row.balance_after,
        held_after=row.held_after,
        request_id=row.request_id,
        grant_id=row.grant_id,
        reservation_id=row.reservation_id,
        reference=row.reference,
        payment_id=row.payment_id,
        actor=row.actor or None,
        reason=row.reason or None,
        created_at=row.created_at,
        metadata=row.metadata,
    )


def from_entry(entry: Entry) -> tuple[Any, ...]:
    """Write the values of `ENTRY_FIELDS`."""
    return (*entry[:_MOVEMENT], *entry.movement, *entry[_MOVEMENT + 1 :])


def to_request(row: Any) -> RecordedRequest:
    """Read a row of `REQUEST`."""
    found = RequestRow._make(row)
    refusal = None
    if found.refusal_reason is not None:
        details = dict(found.refusal_details or {})
        refusal = Refusal(found.refusal_reason, details.pop("message", ""), details)
    return RecordedRequest(
        found.request_id,
        found.account_id,
        found.command,
        found.fingerprint,
        found.made_id,
        refusal,
        found.created_at,
    )


def from_request(request: RecordedRequest) -> tuple[Any, ...]:
    """Write a row of `REQUEST`: the values of a RequestRow."""
    refusal = request.refusal
    return (
        request.request_id,
        request.account_id,
        request.command,
        request.fingerprint,
        request.made_id,
        None if refusal is None else refusal.reason,
        None if refusal is None else {**refusal.details, "message": refusal.message},
        request.created_at,
    )


def to_clawback(row: Any) -> Clawback:
    """Read a row of `CLAWBACK`."""
    found = Clawback._make(row)
    return found._replace(reinstated=tuple(found.reinstated))


def to_budget(row: Any) -> Budget:
    """Read a row of `BUDGET`."""
    found = BudgetRow._make(row)
    return Budget(BudgetKey(found.scope, BudgetPeriod(found.period), found.starts_on), found.used)
