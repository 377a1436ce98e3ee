"""What a batch of commands writes, in one round trip: one statement a table, many rows each."""

import json
from typing import Any

from psycopg import AsyncConnection

from ledger.adapters.outbound.array_literals import blobs, documents, numbers, texts, times, words
from ledger.adapters.outbound.event_codec import encode
from ledger.adapters.outbound.postgres_load import CONSUMER
from ledger.adapters.outbound.rows import from_budget_key
from ledger.domain.account import Account
from ledger.domain.clawback import Clawback
from ledger.domain.entry import Entry
from ledger.domain.lot import Lot
from ledger.domain.request import RecordedRequest
from ledger.domain.reservation import Reservation
from ledger.ports.id_source import IdSource
from ledger.ports.unit_of_work import WorkingSet

_ACCOUNTS = """
    UPDATE accounts SET available = u.available, held = u.held, debt = u.debt, sequence = u.sequence,
                        updated_at = u.updated_at
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[])
         AS u(account_id, available, held, debt, sequence, updated_at)
    WHERE accounts.account_id = u.account_id
"""
_NEW_LOTS = """
    INSERT INTO lots (grant_id, account_id, category, amount, remaining, held, spent, expired, clawed_back,
                      priority, effective_at, expires_at, source, payment_id, created_at)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[],
                         %s::bigint[], %s::bigint[], %s::bigint[], %s::integer[], %s::timestamptz[],
                         %s::timestamptz[], %s::text[], %s::text[], %s::timestamptz[])
"""
_CHANGED_LOTS = """
    UPDATE lots SET remaining = u.remaining, held = u.held, spent = u.spent, expired = u.expired,
                    clawed_back = u.clawed_back, expires_at = u.expires_at
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                %s::timestamptz[])
         AS u(grant_id, remaining, held, spent, expired, clawed_back, expires_at)
    WHERE lots.grant_id = u.grant_id
"""
_NEW_RESERVATIONS = """
    INSERT INTO reservations (reservation_id, account_id, reference, reserved, charged, refunded, state,
                              line_grants, line_amounts, line_charged, budgets, expires_at, created_at,
                              settled_at)
    SELECT reservation_id, account_id, reference, reserved, charged, refunded, state, line_grants::text[],
           line_amounts::bigint[], line_charged::bigint[], budgets, expires_at, created_at, settled_at
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[],
                %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::timestamptz[], %s::timestamptz[],
                %s::timestamptz[])
         AS u(reservation_id, account_id, reference, reserved, charged, refunded, state, line_grants,
              line_amounts, line_charged, budgets, expires_at, created_at, settled_at)
"""
_CHANGED_RESERVATIONS = """
    UPDATE reservations SET charged = u.charged, refunded = u.refunded, state = u.state,
                            line_charged = u.line_charged::bigint[], expires_at = u.expires_at,
                            settled_at = u.settled_at
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[],
                %s::timestamptz[])
         AS u(reservation_id, charged, refunded, state, line_charged, expires_at, settled_at)
    WHERE reservations.reservation_id = u.reservation_id
"""
_REQUESTS = """
    INSERT INTO requests (request_id, account_id, command, fingerprint, made_id, refusal_reason,
                          refusal_details, created_at)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[],
                         %s::timestamptz[])
"""
_ENTRIES = """
    INSERT INTO entries (entry_id, transaction_id, account_id, sequence, kind, category,
                         available, held, world, revenue, breakage, debt, adjustment,
                         balance_after, held_after, request_id, grant_id, reservation_id, reference,
                         payment_id, actor, reason, created_at, metadata)
    SELECT entry_id, transaction_id, account_id, sequence, kind, category,
           available, held, world, revenue, breakage, debt, adjustment, balance_after, held_after,
           nullif(request_id, ''), nullif(grant_id, ''), nullif(reservation_id, ''), nullif(reference, ''),
           nullif(payment_id, ''), actor, reason, created_at, metadata
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[],
                %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::jsonb[])
         AS u(entry_id, transaction_id, account_id, sequence, kind, category,
              available, held, world, revenue, breakage, debt, adjustment, balance_after, held_after,
              request_id, grant_id, reservation_id, reference, payment_id, actor, reason, created_at, metadata)
"""
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
_INBOX = "INSERT INTO inbox (consumer, event_id) SELECT %s, unnest(%s::text[])"
_OUTBOX = """
    INSERT INTO outbox (subject, ce_id, ce_type, ce_source, ce_time, headers, payload)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::jsonb[],
                         %s::bytea[])
"""


async def write(connection: AsyncConnection, changed: WorkingSet, ids: IdSource) -> None:
    """Write what changed and commit, all in one pipeline: nothing is visible until all of it is."""
    accounts = [account for account in changed.accounts.values() if account.is_changed]
    async with connection.pipeline():
        for statement, values in _statements(changed, accounts, ids):
            await connection.execute(statement, values)
        await connection.commit()


def _statements(changed: WorkingSet, accounts: list[Account], ids: IdSource) -> list[tuple[Any, Any]]:
    entries = [entry for account in accounts for entry in account.entries]
    new_lots = [lot for account in accounts for lot in account.new_lots.values()]
    lots = [lot for account in accounts for lot in account.changed_lots.values()]
    new = [account.reservations[key] for account in accounts for key in account.new_reservations]
    settled = [account.reservations[key] for account in accounts for key in account.changed_reservations]
    events = [encode(fact, event_id=ids.new("evt")) for account in accounts for fact in account.facts]
    statements: list[tuple[Any, Any]] = []
    if new_lots:
        statements.append((_NEW_LOTS, _new_lots(new_lots)))
    if lots:
        statements.append((_CHANGED_LOTS, _changed_lots(lots)))
    if new:
        statements.append((_NEW_RESERVATIONS, _new_reservations(new)))
    if settled:
        statements.append((_CHANGED_RESERVATIONS, _changed_reservations(settled)))
    if entries:
        statements.append((_ENTRIES, _entries(entries)))
        statements.append((_ACCOUNTS, _accounts([account for account in accounts if account.entries])))
    if changed.new_requests:
        statements.append((_REQUESTS, _requests(changed.new_requests)))
    for account in accounts:
        statements.extend((_CLAWBACKS, _clawback(account.clawbacks[k])) for k in account.changed_clawbacks)
        statements.extend(
            (_BUDGETS, (account.account_id, *key[:2], key.starts_on, account.budgets[key].used))
            for key in account.changed_budgets
        )
    if changed.new_events:
        statements.append((_INBOX, (CONSUMER, changed.new_events)))
    if events:
        statements.append((_OUTBOX, _outbox(events)))
        statements.append(("NOTIFY outbox", None))
    return statements


def _accounts(accounts: list[Account]) -> tuple[str, ...]:
    return (
        texts(one.account_id for one in accounts),
        numbers(one.available for one in accounts),
        numbers(one.held for one in accounts),
        numbers(one.debt for one in accounts),
        numbers(one.sequence for one in accounts),
        times(one.updated_at for one in accounts),
    )


def _new_lots(lots: list[Lot]) -> tuple[str, ...]:
    return (
        words(one.grant_id for one in lots),
        texts(one.account_id for one in lots),
        words(one.category for one in lots),
        numbers(one.amount for one in lots),
        numbers(one.remaining for one in lots),
        numbers(one.held for one in lots),
        numbers(one.spent for one in lots),
        numbers(one.expired for one in lots),
        numbers(one.clawed_back for one in lots),
        numbers(one.priority for one in lots),
        times(one.effective_at for one in lots),
        times(one.expires_at for one in lots),
        texts(one.source for one in lots),
        texts(one.payment_id for one in lots),
        times(one.created_at for one in lots),
    )


def _changed_lots(lots: list[Lot]) -> tuple[str, ...]:
    return (
        words([one.grant_id for one in lots]),
        numbers([one.remaining for one in lots]),
        numbers([one.held for one in lots]),
        numbers([one.spent for one in lots]),
        numbers([one.expired for one in lots]),
        numbers([one.clawed_back for one in lots]),
        times([one.expires_at for one in lots]),
    )


def _new_reservations(reservations: list[Reservation]) -> tuple[str, ...]:
    (
        ids,
        accounts,
        references,
        reserved,
        charged,
        refunded,
        states,
        lines,
        budgets,
        expire,
        created,
        settled,
    ) = zip(*reservations, strict=True)
    return (
        words(ids),
        texts(accounts),
        texts(references),
        numbers(reserved),
        numbers(charged),
        numbers(refunded),
        words(states),
        texts([words([line[0] for line in one]) for one in lines]),
        texts([numbers([line[1] for line in one]) for one in lines]),
        texts([numbers([line[2] for line in one]) for one in lines]),
        documents([[from_budget_key(key) for key in one] for one in budgets]),
        times(expire),
        times(created),
        times(settled),
    )


def _changed_reservations(reservations: list[Reservation]) -> tuple[str, ...]:
    return (
        words([one.reservation_id for one in reservations]),
        numbers([one.charged for one in reservations]),
        numbers([one.refunded for one in reservations]),
        words([one.state for one in reservations]),
        texts([numbers([line[2] for line in one.lines]) for one in reservations]),
        times([one.expires_at for one in reservations]),
        times([one.settled_at for one in reservations]),
    )


def _requests(requests: list[RecordedRequest]) -> tuple[str, ...]:
    ids, accounts, commands, fingerprints, made, refusals, created = zip(*requests, strict=True)
    return (
        texts(ids),
        texts(accounts),
        words(commands),
        words(fingerprints),
        texts(made),
        texts([None if one is None else one.reason for one in refusals]),
        documents([None if one is None else {**one.details, "message": one.message} for one in refusals]),
        times(created),
    )


def _entries(entries: list[Entry]) -> tuple[str, ...]:
    columns = list(zip(*entries, strict=True))
    books = zip(*columns[6], strict=True)
    return (
        words(columns[0]),
        words(columns[1]),
        texts(columns[2]),
        numbers(columns[3]),
        words(columns[4]),
        words(columns[5]),
        *map(numbers, books),
        numbers(columns[7]),
        numbers(columns[8]),
        *map(texts, columns[9:16]),
        times(columns[16]),
        documents(columns[17]),
    )


def _clawback(clawback: Clawback) -> tuple[Any, ...]:
    return (
        clawback.payment_id,
        clawback.account_id,
        clawback.granted,
        json.dumps(clawback.targets),
        json.dumps(clawback.reinstated),
        clawback.taken,
        clawback.from_own_lot,
    )


def _outbox(events: list[Any]) -> tuple[str, ...]:
    return (
        texts([one.subject for one in events]),
        words([one.event_id for one in events]),
        words([one.ce_type for one in events]),
        words([one.source for one in events]),
        times([one.time for one in events]),
        documents([one.headers for one in events]),
        blobs([one.payload for one in events]),
    )
