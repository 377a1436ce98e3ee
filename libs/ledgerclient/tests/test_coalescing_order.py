"""Batches refused, lost or answered in another order: what comes first, and whose outcome is whose."""

import asyncio
from contextlib import suppress

import pytest
from chassis.grpc_client import RemoteError
from fake_ledgers import HeldLedger, client, names, reserve
from ledgerclient.coalescing import CoalescingLedger
from tintype.ledger.v1 import ledger_pb2 as pb

Asked = asyncio.Task[pb.CommandOutcome]


def ask(ledger: CoalescingLedger, *requests: str) -> list[Asked]:
    """Callers of one command each, in this order."""
    return [asyncio.create_task(ledger.apply(reserve(name), timeout_s=20)) for name in requests]


async def outcomes(asked: list[Asked]) -> list[str]:
    """The ids of what was made, in the order of the callers."""
    return [one.id for one in await asyncio.gather(*asked)]


async def test_a_refused_batch_comes_again_before_what_waits() -> None:
    """Commands that were asked for meanwhile stay behind those that were refused, and keep their order."""
    fake = HeldLedger()
    async with client(fake, in_flight_max=1) as ledger:
        asked = ask(ledger, "r1", "r2")
        first = await fake.batch()
        asked += ask(ledger, "r3", "r4")
        for _ in range(2):
            fake.refuse(first)
            first = await fake.batch()
            assert names(first) == ["r1", "r2", "r3", "r4"]
        fake.answer(first)
        assert await outcomes(asked) == ["res_r1", "res_r2", "res_r3", "res_r4"]
    assert fake.applied == ["r1", "r2", "r3", "r4"]


async def test_a_refused_batch_waits_as_long_as_the_ledger_says() -> None:
    """A ledger that is full is not asked again at once."""
    fake = HeldLedger()
    async with client(fake) as ledger:
        asked = ask(ledger, "r1")
        first = await fake.batch()
        refused_at = asyncio.get_running_loop().time()
        fake.refuse(first, retry_after_ms=200)
        again = await fake.batch()
        assert asyncio.get_running_loop().time() - refused_at >= 0.2
        fake.answer(again)
        assert await outcomes(asked) == ["res_r1"]


async def test_a_pause_holds_what_is_asked_later_too() -> None:
    """While a refused batch waits nothing overtakes it, though there is room on the way."""
    fake = HeldLedger()
    async with client(fake) as ledger:
        asked = ask(ledger, "r1")
        first = await fake.batch()
        asked += ask(ledger, "r2")
        second = await fake.batch()
        fake.refuse(first)
        fake.answer(second)
        # Answers are heard in their order, so this one says that the refusal was.
        assert await outcomes(asked[1:]) == ["res_r2"]
        asked += ask(ledger, "r3", "r4")
        while len(fake.applied) < 4:
            fake.answer(await fake.batch())
        await outcomes(asked)
    assert [name for name in fake.applied if name != "r2"] == ["r1", "r3", "r4"]


async def test_what_a_broken_stream_left_is_sent_again_in_its_order() -> None:
    """Several batches on the way and some that wait: nothing is lost, and nothing overtakes."""
    fake = HeldLedger()
    async with client(fake, in_flight_max=3) as ledger:
        asked: list[Asked] = []
        for name in ("r1", "r2", "r3"):
            asked += ask(ledger, name)
            assert names(await fake.batch()) == [name]
        asked += ask(ledger, "r4", "r5")
        await asyncio.sleep(0)
        fake.hang_up()
        again = await fake.batch()
        assert names(again) == ["r1", "r2", "r3", "r4", "r5"]
        fake.answer(again)
        assert await outcomes(asked) == [f"res_r{number}" for number in range(1, 6)]


async def test_batches_that_are_answered_out_of_order() -> None:
    """Each caller gets the outcome of their own command, as soon as it is there."""
    fake = HeldLedger()
    async with client(fake, in_flight_max=3) as ledger:
        asked: list[list[Asked]] = []
        batches = []
        for pair in (("r1", "r2"), ("r3", "r4"), ("r5", "r6")):
            asked.append(ask(ledger, *pair))
            batches.append(await fake.batch())
            assert names(batches[-1]) == list(pair)
        fake.answer(batches[2])
        assert await outcomes(asked[2]) == ["res_r5", "res_r6"]
        assert not any(one.done() for one in asked[0] + asked[1])
        fake.answer(batches[0])
        assert await outcomes(asked[0]) == ["res_r1", "res_r2"]
        fake.answer(batches[1])
        assert await outcomes(asked[1]) == ["res_r3", "res_r4"]


async def test_any_answer_makes_room_for_the_next_batch() -> None:
    """Only so many are on the way; the slowest does not keep the others from being followed."""
    fake = HeldLedger()
    async with client(fake, in_flight_max=2) as ledger:
        slow = ask(ledger, "slow")
        slowest = await fake.batch()
        for number in range(5):
            quick = ask(ledger, f"r{number}")
            following = await fake.batch()
            late = ask(ledger, f"late{number}")
            # Time in which a batch too many would arrive.
            await asyncio.sleep(0.02)
            assert not fake.has_batch()
            fake.answer(following)
            assert await outcomes(quick) == [f"res_r{number}"]
            fake.answer(await fake.batch())
            assert await outcomes(late) == [f"res_late{number}"]
        assert not slow[0].done()
        fake.answer(slowest)
        assert await outcomes(slow) == ["res_slow"]


async def test_an_answer_that_comes_twice_is_heard_once() -> None:
    """An answer to a batch that nobody waits for any more disturbs nobody."""
    fake = HeldLedger()
    async with client(fake) as ledger:
        asked = ask(ledger, "r1")
        first = await fake.batch()
        asked += ask(ledger, "r2")
        second = await fake.batch()
        fake.answer(first)
        fake.answer(first)
        fake.answer(second)
        assert await outcomes(asked) == ["res_r1", "res_r2"]
        asked = ask(ledger, "r3")
        fake.answer(await fake.batch())
        assert await outcomes(asked) == ["res_r3"]


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
