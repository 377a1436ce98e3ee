"""What must hold of every row, by the names that the tables' CHECK constraints have.

The memory store asks these, so that whatever PostgreSQL would refuse is refused in a test without it. A test
holds the names against the database's catalogue, and another breaks each of them over both stores.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ledger.domain.account import Account
from ledger.domain.budget import Budget
from ledger.domain.clawback import Clawback
from ledger.domain.entry import Entry
from ledger.domain.lot import Lot
from ledger.domain.request import RecordedRequest
from ledger.domain.reservation import Reservation, ReservationState
from ledger.ports.unit_of_work import ConstraintBroken, WorkingSet

# By constraint. PostgreSQL tells the first that is broken, by its name.
Constraints = Mapping[str, Callable[[Any], bool]]

# These are held by the types of the values.
BY_TYPE = frozenset(
    {
        "lots_category_check",
        "entries_category_check",
        "entries_kind_check",
        "reservations_state_check",
        "budgets_period_check",
    }
)


def _adds_up(lot: Lot) -> bool:
    return lot.amount == lot.remaining + lot.held + lot.spent + lot.expired + lot.clawed_back


def _is_settled_whole(held: Reservation) -> bool:
    settled = 0 if held.state is ReservationState.HELD else held.reserved
    return held.charged + held.refunded == settled


REQUESTS: Constraints = {
    "requests_check": lambda request: (request.made_id is None) != (request.refusal is None),
}
ENTRIES: Constraints = {
    "entries_balance_after_check": lambda entry: entry.balance_after >= 0,
    "entries_held_after_check": lambda entry: entry.held_after >= 0,
    "entries_sequence_check": lambda entry: entry.sequence > 0,
    "entries_sum_to_zero": lambda entry: sum(entry.movement) == 0,
}
RESERVATIONS: Constraints = {
    "reservations_charged_check": lambda held: held.charged >= 0,
    "reservations_check": lambda held: (held.state is ReservationState.HELD) == (held.settled_at is None),
    "reservations_check1": _is_settled_whole,
    "reservations_lines_match": lambda held: len(held.lines) > 0,
    "reservations_refunded_check": lambda held: held.refunded >= 0,
    "reservations_reserved_check": lambda held: held.reserved > 0,
}
LOTS: Constraints = {
    "lots_add_up": _adds_up,
    "lots_amount_check": lambda lot: lot.amount > 0,
    "lots_clawed_back_check": lambda lot: lot.clawed_back >= 0,
    "lots_expired_check": lambda lot: lot.expired >= 0,
    "lots_held_check": lambda lot: lot.held >= 0,
    "lots_remaining_check": lambda lot: lot.remaining >= 0,
    "lots_spent_check": lambda lot: lot.spent >= 0,
}
ACCOUNTS: Constraints = {
    "accounts_available_check": lambda account: account.available >= 0,
    "accounts_debt_check": lambda account: account.debt >= 0,
    "accounts_held_check": lambda account: account.held >= 0,
}
CLAWBACKS: Constraints = {
    "clawbacks_check": lambda clawback: clawback.taken <= clawback.granted,
    "clawbacks_from_own_lot_check": lambda clawback: clawback.from_own_lot >= 0,
    "clawbacks_granted_check": lambda clawback: clawback.granted >= 0,
    "clawbacks_taken_check": lambda clawback: clawback.taken >= 0,
}
BUDGETS: Constraints = {
    "budgets_used_check": lambda budget: budget.used >= 0,
}


def check(changed: WorkingSet) -> None:
    """Look at everything that is to be written. Raises ConstraintBroken for the first that must not be."""
    accounts = [account for account in changed.accounts.values() if account.is_changed]
    _hold(REQUESTS, changed.new_requests)
    for account in accounts:
        _hold(ENTRIES, account.entries)
        _hold(RESERVATIONS, [*account.new_reservations.values(), *account.changed_reservations.values()])
        _hold(LOTS, [*account.new_lots.values(), *account.changed_lots.values()])
        _hold(ACCOUNTS, [account])
        _hold(CLAWBACKS, account.changed_clawbacks.values())
        _hold(BUDGETS, account.changed_budgets.values())


def _hold(
    constraints: Constraints,
    values: Iterable[RecordedRequest | Entry | Reservation | Lot | Account | Clawback | Budget],
) -> None:
    names: Sequence[str] = sorted(constraints)
    for value in values:
        for name in names:
            if not constraints[name](value):
                raise ConstraintBroken(name)
