"""The coalescing client against a ledger over real gRPC that can be slow, full, or gone."""

import asyncio

import grpc
import pytest
from chassis.grpc_client import RemoteError
from fake_ledgers import FakeLedger, client, reserve
from ledgerclient.coalescing import BATCH_MAX
from tintype.ledger.v1 import ledger_pb2 as pb

pytestmark = pytest.mark.server


async def test_a_thousand_callers_share_few_batches() -> None:
    """Everyone gets their own outcome, and most of them travelled together."""
    fake = FakeLedger()
    async with client(fake) as ledger:
        names = [f"r{number}" for number in range(1000)]
        outcomes = await asyncio.gather(*(ledger.apply(reserve(name), timeout_s=10) for name in names))
    assert [one.id for one in outcomes] == [f"res_{name}" for name in names]
    assert fake.applied == names
    assert len(fake.batches) < 20
    assert max(fake.batches) <= BATCH_MAX


async def test_a_lone_caller_waits_for_nobody() -> None:
    """One command is a batch of one, at once."""
    fake = FakeLedger()
    async with client(fake) as ledger:
        for number in range(3):
            await ledger.apply(reserve(f"r{number}"), timeout_s=5)
    assert fake.batches == [1, 1, 1]


async def test_a_refusal_is_the_methods_own() -> None:
    """Status, reason and metadata are those of a call of its own; others in the batch are unharmed."""
    fake = FakeLedger()
    async with client(fake) as ledger:
        good, bad = await asyncio.gather(
            ledger.apply(reserve("good"), timeout_s=5),
            ledger.apply(reserve("bad", 0), timeout_s=5),
            return_exceptions=True,
        )
    assert isinstance(good, pb.CommandOutcome)
    assert isinstance(bad, RemoteError)
    assert (bad.status, bad.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_CREDITS")
    assert bad.metadata == {"available": "3"}


async def test_what_was_not_answered_is_sent_again() -> None:
    """The stream breaks after the work was done: the same request ids are recalled, nothing twice."""
    fake = FakeLedger()
    fake.break_after_batches = 0
    async with client(fake) as ledger:
        outcomes = await asyncio.gather(
            *(ledger.apply(reserve(f"r{number}"), timeout_s=20) for number in range(50))
        )
    assert sorted(fake.applied) == sorted(f"r{number}" for number in range(50))
    assert any(one.replayed for one in outcomes)


async def test_a_restarted_ledger_is_found_again() -> None:
    """Callers that came while it was away are answered when it is back."""
    fake = FakeLedger()
    async with client(fake) as ledger:
        await ledger.apply(reserve("before"), timeout_s=5)
        await fake.stop()
        meanwhile = asyncio.create_task(ledger.apply(reserve("meanwhile"), timeout_s=30))
        await asyncio.sleep(0)
        await fake.start()
        assert (await meanwhile).id == "res_meanwhile"


async def test_a_full_ledger_is_asked_again_later() -> None:
    """RESOURCE_EXHAUSTED for a batch is no answer to its callers: they are served after a while."""
    fake = FakeLedger()
    code = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    full = pb.ApplyStreamResponse(
        error=pb.CommandError(code=code, reason="LEDGER_OVERLOADED"), retry_after_ms=20
    )
    fake.refuse_next = [full]
    async with client(fake) as ledger:
        assert (await ledger.apply(reserve("r1"), timeout_s=10)).id == "res_r1"
    assert fake.batches == [1, 1]


async def test_a_batch_that_is_refused_for_good_is_told_at_once() -> None:
    """What another attempt would not change does not wait for a deadline."""
    fake = FakeLedger()
    code = grpc.StatusCode.PERMISSION_DENIED.value[0]
    fake.refuse_next = [
        pb.ApplyStreamResponse(error=pb.CommandError(code=code, reason="COMMAND_NOT_ALLOWED"))
    ]
    async with client(fake) as ledger:
        with pytest.raises(RemoteError) as refused:
            await ledger.apply(reserve("r1"), timeout_s=10)
    assert refused.value.reason == "COMMAND_NOT_ALLOWED"
    fake = FakeLedger()
    fake.status = grpc.StatusCode.UNAUTHENTICATED
    async with client(fake) as ledger:
        with pytest.raises(RemoteError) as refused:
            await ledger.apply(reserve("r1"), timeout_s=10)
    assert refused.value.status is grpc.StatusCode.UNAUTHENTICATED


async def test_an_answer_that_does_not_fit_is_an_error_of_its_batch() -> None:
    """Its callers are told, and the stream goes on."""
    fake = FakeLedger()
    fake.refuse_next = [pb.ApplyStreamResponse()]
    async with client(fake) as ledger:
        with pytest.raises(RemoteError) as refused:
            await ledger.apply(reserve("r1"), timeout_s=10)
        assert refused.value.status is grpc.StatusCode.INTERNAL
        assert (await ledger.apply(reserve("r2"), timeout_s=10)).id == "res_r2"


async def test_past_the_bound_callers_are_turned_away() -> None:
    """Memory does not grow: who comes when it is full hears when to come again."""
    fake = FakeLedger()
    fake.may_answer.clear()
    async with client(fake, in_flight_max=1, waiting_max=10) as ledger:
        first = asyncio.create_task(ledger.apply(reserve("first"), timeout_s=20))
        while not fake.batches:
            await asyncio.sleep(0.01)
        waiting = [asyncio.create_task(ledger.apply(reserve(f"r{n}"), timeout_s=20)) for n in range(10)]
        await asyncio.sleep(0)
        with pytest.raises(RemoteError) as refused:
            await ledger.apply(reserve("late"), timeout_s=20)
        assert refused.value.status is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert refused.value.retry_after_s is not None
        fake.may_answer.set()
        await asyncio.gather(first, *waiting)
    assert "late" not in fake.applied


async def test_a_deadline_and_a_caller_that_left() -> None:
    """No answer in time is an error of its own; whoever left before being sent is never sent."""
    fake = FakeLedger()
    fake.may_answer.clear()
    async with client(fake, in_flight_max=1) as ledger:
        first = asyncio.create_task(ledger.apply(reserve("first"), timeout_s=20))
        while not fake.batches:
            await asyncio.sleep(0.01)
        left = asyncio.create_task(ledger.apply(reserve("left"), timeout_s=20))
        await asyncio.sleep(0)
        left.cancel()
        with pytest.raises(RemoteError) as late:
            await ledger.apply(reserve("late"), timeout_s=0.05)
        assert late.value.status is grpc.StatusCode.DEADLINE_EXCEEDED
        fake.may_answer.set()
        assert (await first).id == "res_first"
        await ledger.apply(reserve("after"), timeout_s=5)
    assert fake.applied == ["first", "after"]


async def test_closing_tells_who_still_waits() -> None:
    """Nobody is left hanging."""
    fake = FakeLedger()
    fake.may_answer.clear()
    async with client(fake) as ledger:
        waiting = asyncio.create_task(ledger.apply(reserve("r1"), timeout_s=20))
        while not fake.batches:
            await asyncio.sleep(0.01)
    with pytest.raises(RemoteError) as closed:
        await waiting
    assert closed.value.status is grpc.StatusCode.UNAVAILABLE
    with pytest.raises(RemoteError):
        await ledger.apply(reserve("r2"), timeout_s=1)
