"""Several replicas on one database: whatever is sent to whichever of them, every command counts once."""

import asyncio
import random

import pytest
from chassis.clock import SystemClock
from chassis.ids import new_id
from command_makers import charge, grant, refund, reserve
from ledger.adapters.outbound.postgres.reader import PostgresLedgerReader
from ledger.application.command import Outcome
from ledger.application.command_writer import CommandWriter
from ledger.domain.errors import IdempotencyKeyReused
from ledger.domain.lot import Category
from postgres_ledgers import Replicas, what_is_said

pytestmark = pytest.mark.server


async def test_twenty_reservations_of_75_against_500_over_three_replicas(replicas: Replicas) -> None:
    """Exactly six are held."""
    account = new_id("usr")
    await replicas.everywhere(grant(account, 500), 3)
    said = await asyncio.gather(*(replicas.everywhere(reserve(account, 75), 2) for _ in range(20)))
    assert sum(one.startswith("res_") for one in said) == 6
    assert said.count("INSUFFICIENT_CREDITS") == 14
    balance = await PostgresLedgerReader(replicas.engine).balance(account, SystemClock().now())
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
        assert {what_is_said(one) for one in said if not isinstance(one, Outcome)} == {
            "PAYMENT_ALREADY_GRANTED"
        }
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
