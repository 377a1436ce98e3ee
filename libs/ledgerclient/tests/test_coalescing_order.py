"""Batches refused, lost or answered in another order: what comes first, and whose outcome is whose."""

import asyncio

import pytest
from fake_ledgers import Asked, HeldLedger, ask, client, names, outcomes

pytestmark = pytest.mark.server


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


@pytest.mark.real_time
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


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["first first", "last first"])
async def test_batches_that_are_all_refused_come_again_in_their_order(order: tuple[int, int]) -> None:
    """Whichever refusal is heard first."""
    fake = HeldLedger()
    async with client(fake) as ledger:
        asked = ask(ledger, "r1")
        batches = [await fake.batch()]
        asked += ask(ledger, "r2")
        batches.append(await fake.batch())
        for number in order:
            fake.refuse(batches[number])
        while len(fake.applied) < 2:
            fake.answer(await fake.batch())
        await outcomes(asked)
    assert fake.applied == ["r1", "r2"]


async def test_what_was_refused_and_then_lost_is_sent_again_in_its_order() -> None:
    """A batch that came again has a later number than those that were asked for after it."""
    fake = HeldLedger()
    async with client(fake) as ledger:
        asked = ask(ledger, "r1")
        first = await fake.batch()
        asked += ask(ledger, "r2")
        await fake.batch()
        fake.refuse(first)
        assert names(await fake.batch()) == ["r1"]
        fake.hang_up()
        while len(fake.applied) < 2:
            fake.answer(await fake.batch())
        await outcomes(asked)
    assert fake.applied == ["r1", "r2"]
