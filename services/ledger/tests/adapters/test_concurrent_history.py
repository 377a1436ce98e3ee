"""Commands of every kind from many tasks at once, beside the same history applied one by one."""

import asyncio
import random

import pytest
from chassis.clock import SystemClock
from chassis.ids import UuidIds, new_id
from chassis.postgres import SYSTEM_SCOPE, transaction
from command_makers import adjust, charge, claw_back, grant, refund, reserve
from ledger.adapters.outbound.memory import MemoryLedger
from ledger.adapters.outbound.postgres.reader import PostgresLedgerReader
from ledger.application.charge_reservation import ChargeReservation
from ledger.application.command import Command
from ledger.application.command_writer import CommandWriter
from ledger.application.refund_reservation import RefundReservation
from ledger.domain.lot import Category
from postgres_ledgers import Replicas
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

TASKS, COMMANDS_EACH = 32, 12


async def a_caller(
    replicas: Replicas, accounts: list[str], dice: random.Random, log: dict[str, Command]
) -> None:
    """Send commands of every kind, each to one to three replicas at once."""
    held: list[str] = []
    for _ in range(COMMANDS_EACH):
        account = dice.choice(accounts)
        command: Command = dice.choice(
            [
                grant(account, dice.randint(1, 50)),
                reserve(account, dice.randint(1, 30)),
                reserve(account, dice.randint(1, 30)),
                adjust(account, -dice.randint(1, 9)),
                claw_back(
                    account,
                    f"pi_{account}",
                    f"dispute:{dice.randint(1, 3)}",
                    dice.randint(0, 40),
                    reinstated=dice.random() < 0.2,
                ),
            ]
        )
        log[command.request_id] = command
        made = await replicas.everywhere(command, dice.randint(1, 3))
        if made.startswith("res_"):
            held.append(made)
        if held and dice.random() < 0.7:
            reservation_id = dice.choice(held)
            settle: Command = dice.choice([charge(reservation_id, 1), refund(reservation_id)])
            log[settle.request_id] = settle
            await replicas.everywhere(settle, dice.randint(1, 3))


async def test_any_commands_from_many_tasks_over_three_replicas(replicas: Replicas) -> None:
    """The same history, applied one by one to a ledger in memory, gives the same balances."""
    accounts = [new_id("usr") for _ in range(4)]
    log: dict[str, Command] = {}
    for account in accounts:
        for first in (grant(account, 200), grant(account, 100, Category.PAID, payment_id=f"pi_{account}")):
            log[first.request_id] = first
            await replicas.everywhere(first, 3)
    await asyncio.gather(
        *(a_caller(replicas, accounts, random.Random(number), log) for number in range(TASKS))
    )
    assert await replicas.violations() == {}
    await _replays_in_memory(replicas, accounts, log)


async def _replays_in_memory(replicas: Replicas, accounts: list[str], log: dict[str, Command]) -> None:
    store = MemoryLedger()
    writer = CommandWriter(store, SystemClock(), UuidIds())
    new_ids: dict[str, str] = {}
    for request_id, made_id in await _history(replicas.engine):
        command = log[request_id]
        if isinstance(command, ChargeReservation | RefundReservation):
            command.reservation_id = new_ids[command.reservation_id]
        outcome = await writer.apply(command)
        assert outcome is not None
        new_ids[made_id] = outcome.made_id
    reader = PostgresLedgerReader(replicas.engine)
    for account in accounts:
        now = SystemClock().now()
        there, here = await reader.balance(account, now), store.loaded(account).balance(now)
        assert (there.available, there.held, there.debt) == (here.available, here.held, here.debt)
        assert there.by_category == here.by_category


async def _history(engine: AsyncEngine) -> list[tuple[str, str]]:
    """Every request that moved credits, each account's in the order of its journal."""
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        rows = await connection.execute(
            text(
                "SELECT r.request_id, r.made_id FROM requests r JOIN (SELECT request_id, account_id, "
                "min(sequence) AS first FROM entries GROUP BY request_id, account_id) e USING (request_id) "
                "ORDER BY e.account_id, e.first"
            )
        )
        moved = [(row.request_id, row.made_id) for row in rows]
        silent = await connection.execute(
            text(
                "SELECT request_id, made_id FROM requests r WHERE command = 'ClawBackCredits' AND NOT EXISTS "
                "(SELECT FROM entries e WHERE e.request_id = r.request_id)"
            )
        )
        # A cause that took nothing more moved no credits; its target counts all the same, in any order.
        return moved + [(row.request_id, row.made_id) for row in silent]
