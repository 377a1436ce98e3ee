"""Callers that leave while their command is on the way: the others of their batch are not disturbed."""

import asyncio
from contextlib import suppress

import pytest
from chassis.grpc_client import RemoteError
from fake_ledgers import Asked, HeldLedger, ask, client, names, outcomes, reserve

pytestmark = pytest.mark.server


async def left(task: Asked) -> None:
    """A caller goes away, and is gone."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_caller_that_leaves_after_its_command_was_sent() -> None:
    """The others of its batch get their own outcomes, and so does who comes after."""
    fake = HeldLedger()
    async with client(fake, in_flight_max=1) as ledger:
        before, leaves, after = ask(ledger, "r1", "r2", "r3")
        batch = await fake.batch()
        assert names(batch) == ["r1", "r2", "r3"]
        await left(leaves)
        fake.answer(batch)
        assert await outcomes([before, after]) == ["res_r1", "res_r3"]
        asked = ask(ledger, "r4")
        fake.answer(await fake.batch())
        assert await outcomes(asked) == ["res_r4"]


@pytest.mark.parametrize("ending", ["refused", "lost"])
async def test_what_a_caller_left_is_not_sent_again(ending: str) -> None:
    """When the batch comes again it is without the command that nobody waits for."""
    fake = HeldLedger()
    async with client(fake) as ledger:
        before, leaves, after = ask(ledger, "r1", "r2", "r3")
        batch = await fake.batch()
        await left(leaves)
        if ending == "refused":
            fake.refuse(batch)
        else:
            fake.hang_up()
        again = await fake.batch()
        assert names(again) == ["r1", "r3"]
        fake.answer(again)
        assert await outcomes([before, after]) == ["res_r1", "res_r3"]


async def test_a_batch_that_everybody_left() -> None:
    """Its answer, or its end, is nobody's; the stream serves the next."""
    fake = HeldLedger()
    async with client(fake) as ledger:
        (leaves,) = ask(ledger, "r1")
        batch = await fake.batch()
        await left(leaves)
        fake.refuse(batch)
        asked = ask(ledger, "r2")
        again = await fake.batch()
        assert names(again) == ["r2"]
        fake.answer(again)
        assert await outcomes(asked) == ["res_r2"]


async def test_one_deadline_of_a_batch_that_is_on_the_way() -> None:
    """Who can't wait hears so alone; the answer that comes late is for the others."""
    fake = HeldLedger()
    async with client(fake) as ledger:
        hurried = asyncio.create_task(ledger.apply(reserve("hurried"), timeout_s=0.05))
        (patient,) = ask(ledger, "patient")
        batch = await fake.batch()
        with pytest.raises(RemoteError):
            await hurried
        fake.answer(batch)
        assert await outcomes([patient]) == ["res_patient"]


async def test_callers_that_left_take_no_place_from_others() -> None:
    """The bound is on those who wait: whoever left before their command was sent makes room."""
    fake = HeldLedger()
    async with client(fake, in_flight_max=1, waiting_max=3) as ledger:
        asked = ask(ledger, "r1")
        batch = await fake.batch()
        leavers = ask(ledger, "r2", "r3", "r4")
        await asyncio.sleep(0)
        for one in leavers:
            await left(one)
        asked += ask(ledger, "r5")
        fake.answer(batch)
        again = await fake.batch()
        assert names(again) == ["r5"]
        fake.answer(again)
        assert await outcomes(asked) == ["res_r1", "res_r5"]
