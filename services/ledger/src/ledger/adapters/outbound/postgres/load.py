"""What a batch of commands reads, in one round trip: accounts locked in the order of their ids first."""

from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any, TypeVar

from chassis.pipeline import Pipeline, Rows

from ledger.adapters.outbound.postgres import rows
from ledger.adapters.outbound.postgres.array_literals import texts
from ledger.domain.account import Account
from ledger.domain.identifiers import AccountId, GrantId, ReservationId
from ledger.domain.lot import Lot
from ledger.ports.unit_of_work import Needs, WorkingSet

CONSUMER = "ledger"
KNOWN_MAX = 50_000

_Key = TypeVar("_Key")

_OPEN = "INSERT INTO accounts (account_id) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"
# The order of the ids is what keeps several writers from waiting for each other in a circle.
_LOCK = """
    SELECT account_id, available, held, debt, sequence, updated_at FROM accounts
    WHERE account_id = ANY(%s::text[]) ORDER BY account_id FOR NO KEY UPDATE
"""
_OWNERS = "SELECT reservation_id, account_id FROM reservations WHERE reservation_id = ANY(%s::text[])"
_REQUESTS = f"SELECT {rows.REQUEST} FROM requests WHERE request_id = ANY(%s::text[])"  # noqa: S608
_EVENTS = "SELECT event_id FROM inbox WHERE consumer = %s AND event_id = ANY(%s::text[])"
_RESERVATIONS = f"SELECT {rows.RESERVATION} FROM reservations WHERE reservation_id = ANY(%s::text[])"  # noqa: S608
_LOTS = f"SELECT {rows.LOT} FROM lots WHERE account_id = ANY(%s::text[]) AND NOT drained"  # noqa: S608
_LOTS_BY_ID = f"SELECT {rows.LOT} FROM lots WHERE grant_id = ANY(%s::text[])"  # noqa: S608
_LOTS_BY_PAYMENT = f"SELECT {rows.LOT} FROM lots WHERE payment_id = ANY(%s::text[])"  # noqa: S608
# OFFSET 0 keeps the planner from turning the look-ups around: with statistics of an empty table it
# would walk through all of it, however long it is by now.
_LOTS_BY_SOURCE = f"""
    SELECT found.* FROM unnest(%s::text[], %s::text[]) AS needed(account_id, source)
    CROSS JOIN LATERAL (
        SELECT {rows.LOT} FROM lots
        WHERE lots.account_id = needed.account_id AND lots.source = needed.source
          AND category = 'subscription' OFFSET 0) found
"""  # noqa: S608
_CLAWBACKS = f"SELECT {rows.CLAWBACK} FROM clawbacks WHERE payment_id = ANY(%s::text[])"  # noqa: S608
_BUDGETS = f"""
    SELECT found.* FROM unnest(%s::text[], %s::text[], %s::text[], %s::date[])
                        AS needed(account_id, scope, period, starts_on)
    CROSS JOIN LATERAL (
        SELECT {rows.BUDGET} FROM budgets
        WHERE budgets.account_id = needed.account_id AND budgets.scope = needed.scope
          AND budgets.period = needed.period AND budgets.starts_on = needed.starts_on OFFSET 0) found
"""  # noqa: S608


class Known:
    """What never changes and was seen before: whose a reservation is, and which accounts are open."""

    def __init__(self) -> None:
        self.owners: dict[ReservationId, AccountId] = {}
        self.opened: dict[AccountId, None] = {}

    def learn(self, changed: WorkingSet) -> None:
        """Take note of what a transaction committed."""
        self.owners.update(changed.owners)
        for account in changed.accounts.values():
            self.opened[account.account_id] = None
            for reservation_id in account.new_reservations:
                self.owners[reservation_id] = account.account_id
        _forget_oldest(self.owners)
        _forget_oldest(self.opened)


def _forget_oldest(known: dict[_Key, Any]) -> None:
    for oldest in list(islice(known, max(0, len(known) - KNOWN_MAX))):
        del known[oldest]


async def load(pipeline: Pipeline, needs: Needs, known: Known) -> WorkingSet:
    """Begin a transaction, then lock and read what the needs name."""
    found = WorkingSet()
    pipeline.send("BEGIN")
    await _find_owners(pipeline, needs, known, found)
    keys = texts(sorted(needs.accounts | needs.openings | set(found.owners.values())))
    openings = sorted(account_id for account_id in needs.openings if account_id not in known.opened)
    if openings:
        pipeline.send(_OPEN, [texts(openings)])
    locked = pipeline.send(_LOCK, [keys])
    requests = pipeline.send(_REQUESTS, [texts(needs.requests)])
    lots = pipeline.send(_LOTS, [keys])
    reservations = _ask(pipeline, _RESERVATIONS, needs.reservations)
    events = pipeline.send(_EVENTS, [CONSUMER, texts(needs.events)]) if needs.events else []
    paid = _ask(pipeline, _LOTS_BY_PAYMENT, needs.payments)
    clawbacks = _ask(pipeline, _CLAWBACKS, needs.payments)
    sources = pipeline.send(_LOTS_BY_SOURCE, _columns(needs.sources)) if needs.sources else []
    await pipeline.answers()
    for row in locked:
        found.accounts[row[0]] = Account(*row)
    found.requests = {row[0]: rows.to_request(row) for row in requests}
    found.handled_events = {row[0] for row in events}
    _put_lots(found, lots)
    _put_lots(found, sources)
    _put_payments(found, paid, clawbacks)
    _put_reservations(found, reservations)
    await _complete(pipeline, needs, found)
    return found


async def _find_owners(pipeline: Pipeline, needs: Needs, known: Known, found: WorkingSet) -> None:
    """Look up whose the reservations are before anything is locked: their accounts never change."""
    unknown = []
    for reservation_id in needs.reservations:
        if (owner := known.owners.get(reservation_id)) is not None:
            found.owners[reservation_id] = owner
        else:
            unknown.append(reservation_id)
    if unknown:
        owners = pipeline.send(_OWNERS, [texts(unknown)])
        await pipeline.answers()
        found.owners.update(dict(owners))


async def _complete(pipeline: Pipeline, needs: Needs, found: WorkingSet) -> None:
    """Read what only the first answers name: earlier reservations, drained lots, budgets."""
    earlier = {
        request.made_id
        for request in found.requests.values()
        if request.made_id and request.made_id.startswith("res_")
    } - {key for account in found.accounts.values() for key in account.reservations}
    if earlier:
        reservations = _ask(pipeline, _RESERVATIONS, earlier)
        await pipeline.answers()
        _put_reservations(found, reservations)
    pinned: set[GrantId] = set()
    budgets = set(needs.budgets)
    for account in found.accounts.values():
        for reservation in account.reservations.values():
            pinned.update(line.grant_id for line in reservation.lines if line.grant_id not in account.lots)
            budgets.update((account.account_id, key) for key in reservation.budgets)
    if not (pinned or budgets):
        return
    lots = _ask(pipeline, _LOTS_BY_ID, pinned)
    keys = [(account_id, key.scope, key.period, key.starts_on.isoformat()) for account_id, key in budgets]
    used = pipeline.send(_BUDGETS, _columns(keys)) if keys else []
    await pipeline.answers()
    _put_lots(found, lots)
    for row in used:
        if (owner := found.accounts.get(row[0])) is not None:
            budget = rows.to_budget(row)
            owner.budgets[budget.key] = budget


def _put_lots(found: WorkingSet, lots: Iterable[Any]) -> None:
    for row in lots:
        _put_lot(found, rows.to_lot(row))


def _put_lot(found: WorkingSet, lot: Lot) -> None:
    if (account := found.accounts.get(lot.account_id)) is not None:
        account.lots[lot.grant_id] = lot


def _put_reservations(found: WorkingSet, reservations: Iterable[Any]) -> None:
    for row in reservations:
        if (account := found.accounts.get(row[1])) is not None:
            account.reservations[row[0]] = rows.to_reservation(row)


def _put_payments(found: WorkingSet, lots: Rows, clawbacks: Rows) -> None:
    for row in lots:
        lot = rows.to_lot(row)
        _put_lot(found, lot)
        if lot.payment_id is not None:
            found.payments[lot.payment_id] = lot.account_id
    for row in clawbacks:
        clawback = rows.to_clawback(row)
        found.payments[clawback.payment_id] = clawback.account_id
        if (account := found.accounts.get(clawback.account_id)) is not None:
            account.clawbacks[clawback.payment_id] = clawback


def _ask(pipeline: Pipeline, query: str, keys: Collection[str]) -> Rows:
    return pipeline.send(query, [texts(keys)]) if keys else []


def _columns(keys: Iterable[tuple[str, ...]]) -> list[str]:
    return [texts(column) for column in zip(*keys, strict=True)]
