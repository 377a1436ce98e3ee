"""What a batch of commands writes, in one round trip: one statement a table, many rows each."""

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from chassis.events import OutgoingEvent
from chassis.outbox import CHANNEL
from chassis.pipeline import Pipeline

from ledger.adapters.outbound.event_codec import encode
from ledger.adapters.outbound.postgres import tables
from ledger.adapters.outbound.postgres.array_literals import (
    BLOB,
    JSON,
    LINK,
    NOTE,
    NUMBER,
    NUMBERS,
    TEXT,
    TIME,
    WORD,
    WORDS,
    texts,
)
from ledger.adapters.outbound.postgres.load import CONSUMER
from ledger.adapters.outbound.postgres.many_rows import (
    MANY,
    Statement,
    as_it_is,
    columns,
    every_column,
    insert,
    together,
    update,
    values_of,
)
from ledger.adapters.outbound.postgres.rows import (
    ENTRY_FIELDS,
    ChangedReservationRow,
    RequestRow,
    ReservationRow,
    from_changed_reservation,
    from_entry,
    from_request,
    from_reservation,
)
from ledger.domain.account import Account
from ledger.domain.clawback import Clawback
from ledger.domain.identifiers import EventId
from ledger.domain.lot import Lot
from ledger.ports.id_source import IdSource
from ledger.ports.unit_of_work import WorkingSet

_ACCOUNTS = every_column(
    tables.accounts,
    account_id=TEXT,
    available=NUMBER,
    held=NUMBER,
    debt=NUMBER.steady(),
    sequence=NUMBER,
    updated_at=TIME.steady(),
)
_NEW_LOTS = every_column(
    tables.lots,
    grant_id=WORD,
    account_id=TEXT,
    category=WORD,
    amount=NUMBER,
    remaining=NUMBER,
    held=NUMBER,
    spent=NUMBER,
    expired=NUMBER,
    clawed_back=NUMBER,
    priority=NUMBER,
    effective_at=TIME,
    expires_at=TIME,
    source=TEXT,
    payment_id=TEXT,
    created_at=TIME,
)
_CHANGED_LOTS = columns(
    tables.lots,
    grant_id=WORD,
    remaining=NUMBER,
    held=NUMBER,
    spent=NUMBER,
    expired=NUMBER.steady(),
    clawed_back=NUMBER.steady(),
    expires_at=TIME.steady(),
)
_NEW_RESERVATIONS = every_column(
    tables.reservations,
    reservation_id=WORD,
    account_id=TEXT,
    reference=TEXT,
    reserved=NUMBER,
    charged=NUMBER.steady(),
    refunded=NUMBER.steady(),
    state=WORD.steady(),
    line_grants=WORDS,
    line_amounts=NUMBERS,
    line_charged=NUMBERS,
    budgets=JSON.steady(),
    expires_at=TIME,
    created_at=TIME.steady(),
    settled_at=TIME.steady(),
)
_CHANGED_RESERVATIONS = columns(
    tables.reservations,
    reservation_id=WORD,
    charged=NUMBER,
    refunded=NUMBER,
    state=WORD,
    line_charged=NUMBERS,
    expires_at=TIME,
    settled_at=TIME.steady(),
)
_REQUESTS = every_column(
    tables.requests,
    request_id=TEXT,
    account_id=TEXT,
    command=WORD,
    fingerprint=WORD,
    made_id=TEXT,
    refusal_reason=TEXT.steady(),
    refusal_details=JSON.steady(),
    created_at=TIME.steady(),
)
_ENTRIES = every_column(
    tables.entries,
    entry_id=WORD,
    transaction_id=WORD,
    account_id=TEXT,
    sequence=NUMBER,
    kind=WORD,
    category=WORD,
    available=NUMBER,
    held=NUMBER,
    world=NUMBER.steady(),
    revenue=NUMBER,
    breakage=NUMBER.steady(),
    debt=NUMBER.steady(),
    adjustment=NUMBER.steady(),
    balance_after=NUMBER,
    held_after=NUMBER,
    request_id=LINK,
    grant_id=LINK.steady(),
    reservation_id=LINK,
    reference=LINK,
    payment_id=LINK.steady(),
    actor=NOTE.steady(),
    reason=NOTE.steady(),
    created_at=TIME.steady(),
    metadata=JSON.steady(),
)
_OUTBOX = columns(
    tables.outbox,
    ce_id=WORD,
    subject=TEXT,
    ce_type=WORD,
    ce_source=WORD.steady(),
    ce_time=TIME.steady(),
    headers=JSON,
    payload=BLOB,
)
# Whatever is written whole is a row as it is.
for _fields, _columns in (
    (ENTRY_FIELDS, _ENTRIES),
    (Lot._fields, _NEW_LOTS),
    (ReservationRow._fields, _NEW_RESERVATIONS),
    (ChangedReservationRow._fields, _CHANGED_RESERVATIONS),
    (RequestRow._fields, _REQUESTS),
):
    as_it_is(_fields, _columns)
_changed_lot = values_of(Lot._fields, _CHANGED_LOTS)
_account = values_of([field.name for field in fields(Account)], _ACCOUNTS)
_CLAWBACKS = """
    INSERT INTO clawbacks (payment_id, account_id, granted, targets, reinstated, taken, from_own_lot)
    VALUES (%s, %s, %s, %s::jsonb, %s::jsonb, %s, %s)
    ON CONFLICT (payment_id) DO UPDATE SET
        granted = excluded.granted, targets = excluded.targets, reinstated = excluded.reinstated,
        taken = excluded.taken, from_own_lot = excluded.from_own_lot
"""
_BUDGETS = """
    INSERT INTO budgets (account_id, scope, period, starts_on, used) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (account_id, scope, period, starts_on) DO UPDATE SET used = excluded.used
"""
# Sent as a query, so that it can end a statement that does more: it wakes the relays at the commit.
_NOTIFY = f"SELECT pg_notify('{CHANNEL}', '')"
_INBOX = "INSERT INTO inbox (consumer, event_id) SELECT %s::text, unnest(%s::text[])"


async def write(pipeline: Pipeline, changed: WorkingSet, ids: IdSource) -> None:
    """Write what changed and commit, in one round trip: nothing is visible until all of it is."""
    accounts = [account for account in changed.accounts.values() if account.is_changed]
    # Each has an id of its own, of random bits: an index that held what cannot fail would cost every command.
    facts = [encode(fact, event_id=EventId(ids.new("evt"))) for account in accounts for fact in account.facts]
    statements = _statements(changed, accounts, facts)
    if len(changed.new_requests) < MANY:
        _write_few(pipeline, list(statements), is_news=bool(facts))
    else:
        _write_many(pipeline, statements, is_news=bool(facts))
    pipeline.send("COMMIT")
    await pipeline.answers()


def _write_few(pipeline: Pipeline, statements: list[Statement], *, is_news: bool) -> None:
    """Send everything as one statement: a statement costs more than the rows in it."""
    if statements:
        pipeline.send(*together(statements, last=_NOTIFY if is_news else "SELECT"))


def _write_many(pipeline: Pipeline, statements: Iterator[Statement], *, is_news: bool) -> None:
    """Send one statement after the other: the database works on one while the next is made."""
    for statement, values in statements:
        pipeline.send(statement, values)
        pipeline.hurry()
    if is_news:
        pipeline.send(_NOTIFY)


def _statements(
    changed: WorkingSet, accounts: list[Account], facts: list[OutgoingEvent]
) -> Iterator[Statement]:
    """Yield what is to be executed. No two of them touch the same row."""
    if changed.new_requests:
        yield insert("requests", _REQUESTS, map(from_request, changed.new_requests))
    if entries := [entry for account in accounts for entry in account.entries]:
        yield insert("entries", _ENTRIES, map(from_entry, entries))
    if new := [reservation for account in accounts for reservation in account.new_reservations.values()]:
        yield insert("reservations", _NEW_RESERVATIONS, map(from_reservation, new))
    if settled := [
        reservation for account in accounts for reservation in account.changed_reservations.values()
    ]:
        yield update("reservations", _CHANGED_RESERVATIONS, map(from_changed_reservation, settled))
    if new_lots := [lot for account in accounts for lot in account.new_lots.values()]:
        yield insert("lots", _NEW_LOTS, new_lots)
    if lots := [lot for account in accounts for lot in account.changed_lots.values()]:
        yield update("lots", _CHANGED_LOTS, map(_changed_lot, lots))
    if moved := [account for account in accounts if account.entries]:
        yield update("accounts", _ACCOUNTS, map(_account, moved))
    for account in accounts:
        for clawback in account.changed_clawbacks.values():
            yield _CLAWBACKS, _clawback(clawback)
        for key, budget in account.changed_budgets.items():
            yield _BUDGETS, [account.account_id, key.scope, key.period, key.starts_on, budget.used]
    if changed.new_events:
        yield _INBOX, [CONSUMER, texts(changed.new_events)]
    if facts:
        yield insert("outbox", _OUTBOX, map(_outgoing, facts))


def _outgoing(event: OutgoingEvent) -> tuple[Any, ...]:
    return (
        event.event_id,
        event.subject,
        event.ce_type,
        event.source,
        event.time,
        event.headers,
        event.payload,
    )


def _clawback(clawback: Clawback) -> list[Any]:
    return [
        clawback.payment_id,
        clawback.account_id,
        clawback.granted,
        json.dumps(dict(clawback.targets)),
        json.dumps(clawback.reinstated),
        clawback.taken,
        clawback.from_own_lot,
    ]
