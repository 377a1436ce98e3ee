"""Several replicas on one database: whatever is sent to whichever of them, every command counts once."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from chassis.clock import SystemClock
from chassis.ids import UuidIds, new_id
from chassis.postgres import SYSTEM_SCOPE, transaction
from command_makers import adjust, charge, claw_back, grant, refund, reserve
from ledger.adapters.outbound.memory import MemoryLedger
from ledger.adapters.outbound.postgres import PostgresUnitsOfWork
from ledger.adapters.outbound.postgres_invariants import PostgresInvariants
from ledger.adapters.outbound.postgres_reader import PostgresLedgerReader
from ledger.application.charge_reservation import ChargeReservation
from ledger.application.command import Command, Outcome
from ledger.application.command_writer import CommandWriter
from ledger.application.refund_reservation import RefundReservation
from ledger.domain.errors import IdempotencyKeyReused, LedgerError
from ledger.domain.lot import Category
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

TASKS, COMMANDS_EACH = 32, 12


@dataclass
class Replicas:
    """Three writers with connections of their own."""

    engine: AsyncEngine
    writers: list[CommandWriter]

    async def everywhere(self, command: Command, times: int) -> str:
        """Send one command to several replicas at once; return what all of them say happened."""
        sent = random.sample(self.writers, times)
        said = {
            _said(one)
            for one in await asyncio.gather(*(w.apply(command) for w in sent), return_exceptions=True)
        }
        assert len(said) == 1, said
        return said.pop()

    async def violations(self) -> dict[str, int]:
        """Return the invariants that are broken."""
        results = [one async for one in PostgresInvariants(self.engine).check()]
        return {one.invariant: one.violations for one in results if one.violations}


def _said(outcome: Outcome | BaseException | None) -> str:
    if isinstance(outcome, LedgerError):
        return outcome.reason
    assert isinstance(outcome, Outcome), repr(outcome)
    return outcome.made_id


@pytest.fixture
async def replicas(engine: AsyncEngine) -> AsyncIterator[Replicas]:
    """A ledger that runs three times."""
    units = [PostgresUnitsOfWork(engine, UuidIds()) for _ in range(3)]
    yield Replicas(engine, [CommandWriter(one, SystemClock(), UuidIds()) for one in units])
    for one in units:
        await one.close()


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
        there, here = await reader.balance(account), store.loaded(account).balance()
        assert (there.available, there.held, there.debt) == (here.available, here.held, here.debt)
        assert (there.promotional, there.paid) == (here.promotional, here.paid)


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


async def test_twenty_reservations_of_75_against_500_over_three_replicas(replicas: Replicas) -> None:
    """Exactly six are held."""
    account = new_id("usr")
    await replicas.everywhere(grant(account, 500), 3)
    said = await asyncio.gather(*(replicas.everywhere(reserve(account, 75), 2) for _ in range(20)))
    assert sum(one.startswith("res_") for one in said) == 6
    assert said.count("INSUFFICIENT_CREDITS") == 14
    balance = await PostgresLedgerReader(replicas.engine).balance(account)
    assert (balance.available, balance.held) == (50, 450)
    assert await replicas.violations() == {}


async def test_a_race_of_charge_refund_and_expiry_settles_once(replicas: Replicas) -> None:
    """Whoever comes first counts; all of them hear the same outcome."""
    account = new_id("usr")
    await replicas.everywhere(grant(account, 1_000), 1)
    for _ in range(10):
        reservation_id = await replicas.everywhere(reserve(account, 50), 1)
        settle = [
            charge(reservation_id, 40),
            refund(reservation_id, reason="failed"),
            refund(reservation_id, reason="expired"),
        ]
        outcomes = await asyncio.gather(
            *(writer.apply(one) for writer, one in zip(replicas.writers, settle, strict=True))
        )
        states = {one.reservation.state for one in outcomes if one and one.reservation}
        assert len(states) == 1
    assert await replicas.violations() == {}


async def test_a_request_id_and_a_payment_that_are_raced(replicas: Replicas) -> None:
    """One of two accounts gets the id, the other is refused; one of two requests gets the payment."""
    for _ in range(10):
        request_id, mine, theirs = new_id("req"), new_id("usr"), new_id("usr")
        said = await asyncio.gather(
            replicas.writers[0].apply(grant(mine, 10, request_id=request_id)),
            replicas.writers[1].apply(grant(theirs, 10, request_id=request_id)),
            return_exceptions=True,
        )
        assert sum(isinstance(one, Outcome) for one in said) == 1
        assert sum(isinstance(one, IdempotencyKeyReused) for one in said) == 1
        payment_id = new_id("pi")
        said = await asyncio.gather(
            *(
                writer.apply(grant(mine, 10, Category.PAID, payment_id=payment_id))
                for writer in replicas.writers
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(one, Outcome) for one in said) == 1
        assert {_said(one) for one in said if not isinstance(one, Outcome)} == {"PAYMENT_ALREADY_GRANTED"}
    assert await replicas.violations() == {}


async def test_hot_and_spread_batches_at_once(replicas: Replicas) -> None:
    """Large batches of all replicas over the same accounts, in any order: no deadlock reaches a caller."""
    accounts = [new_id("usr") for _ in range(50)]
    await replicas.writers[0].apply_batch([grant(account, 10_000) for account in accounts])

    async def send(writer: CommandWriter, seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(4):
            picked = [dice.choice(accounts) if seed % 2 else accounts[0] for _ in range(400)]
            outcomes = await writer.apply_batch([reserve(account, 1) for account in picked])
            assert all(one.refusal is None for one in outcomes)

    await asyncio.gather(*(send(writer, seed) for seed in range(4) for writer in replicas.writers))
    assert await replicas.violations() == {}
