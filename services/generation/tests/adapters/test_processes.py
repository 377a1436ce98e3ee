"""API and worker as processes over real PostgreSQL, NATS and S3."""

import asyncio
import signal

import grpc
import httpx
import pytest
from chassis.grpc_client import channel, remote_error
from generation_stack import TOKENS, Stack, until
from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import generation_pb2_grpc as pb_grpc

pytestmark = pytest.mark.server

PROCESSING, SUCCEEDED = pb.GENERATION_STATUS_PROCESSING, pb.GENERATION_STATUS_SUCCEEDED
FAILED, CANCELLED = pb.GENERATION_STATUS_FAILED, pb.GENERATION_STATUS_CANCELLED
QUEUED = pb.GENERATION_STATUS_QUEUED


async def test_media_is_made_signed_and_removed(staffed: Stack) -> None:
    """Two pictures are drawn, charged and served by addresses that need their signature, then deleted."""
    created = await staffed.create(output_count=2, seed=7, output_format="webp")
    assert created.status in (QUEUED, PROCESSING)
    assert created.credits_reserved == 10
    done = await staffed.reaches(created.generation_id, SUCCEEDED)
    assert (done.credits_charged, len(done.outputs), len(done.attempts)) == (10, 2, 1)
    first = done.outputs[0]
    assert (first.media_type, first.width, first.height) == ("image/webp", 768, 768)
    async with httpx.AsyncClient() as client:
        fetched = await client.get(first.url)
        assert (fetched.status_code, len(fetched.content)) == (200, first.size_bytes)
        download = await client.get(first.download_url)
        assert download.headers["content-disposition"].endswith('-1.webp"')
        small = await client.get(first.thumbnail_url)
        assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
        assert len(small.content) < first.size_bytes
        assert (await client.get(first.thumbnail_url.split("?")[0])).status_code == 403
        assert (await client.get(first.url.split("?")[0])).status_code == 403
        await staffed.api.DeleteGeneration(
            pb.DeleteGenerationRequest(account_id=staffed.account, generation_id=created.generation_id)
        )

        async def gone() -> bool:
            addresses = (first.url, first.thumbnail_url)
            return all([(await client.get(address)).status_code == 404 for address in addresses])

        await until(gone)
    with pytest.raises(grpc.aio.AioRpcError) as absent:
        await staffed.get(created.generation_id)
    assert absent.value.code() is grpc.StatusCode.NOT_FOUND
    assert await staffed.settled(created.generation_id) == ["GenerationSucceeded"]


async def test_a_film_reports_progress(stack: Stack) -> None:
    """Progress is published while the film is drawn."""
    await stack.process("serve-worker", GENERATION_PROGRESS_EVERY_S="0")
    created = await stack.create("local/motion", duration_s=1)
    done = await stack.reaches(created.generation_id, SUCCEEDED)
    assert (done.outputs[0].media_type, done.outputs[0].duration_s) == ("video/mp4", 1.0)
    assert done.credits_charged == 25
    steps = [fact.progress for name, fact in stack.facts if name == "GenerationProgressed"]
    assert steps == sorted(steps)
    assert steps


async def test_a_killed_worker_leaves_no_job_behind(stack: Stack) -> None:
    """The second worker takes the job over; it ends once, charged once."""
    doomed = await stack.process("serve-worker")
    created = await stack.create("local/motion", duration_s=8)
    await stack.reaches(created.generation_id, PROCESSING)
    doomed.kill()
    await doomed.wait()
    await stack.process("serve-worker")
    done = await stack.reaches(created.generation_id, SUCCEEDED, FAILED)
    assert done.status == SUCCEEDED
    assert [attempt.outcome for attempt in done.attempts] == ["lost", "succeeded"]
    assert await stack.settled(created.generation_id) == ["GenerationSucceeded"]


async def test_a_stopped_worker_hands_its_job_on(stack: Stack) -> None:
    """SIGTERM ends the worker within its drain; the next one need not wait for the lease."""
    first = await stack.process("serve-worker")
    created = await stack.create(simulate="stall")
    await stack.reaches(created.generation_id, PROCESSING)
    first.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(first.wait(), 12) == 0
    await stack.process("serve-worker")

    async def tried_again() -> bool:
        return len((await stack.get(created.generation_id)).attempts) == 2

    await until(tried_again)


async def test_a_running_job_is_cancelled(staffed: Stack) -> None:
    """A stalled job stops within its worker's next renewals, and its credits come back."""
    created = await staffed.create(simulate="stall")
    await staffed.reaches(created.generation_id, PROCESSING)
    request = pb.CancelGenerationRequest(account_id=staffed.account, generation_id=created.generation_id)
    asked = (await staffed.api.CancelGeneration(request)).generation
    assert asked.cancel_requested
    done = await staffed.reaches(created.generation_id, CANCELLED)
    assert (done.credits_charged, done.credits_refunded) == (0, 5)
    assert await staffed.settled(created.generation_id) == ["GenerationCancelled"]


@pytest.mark.parametrize(("told", "reason"), [("fail", "PROVIDER_FAILED"), ("refuse", "CONTENT_REFUSED")])
async def test_a_job_told_to_fail_fails(staffed: Stack, told: str, reason: str) -> None:
    """It is not charged, and says why."""
    created = await staffed.create(simulate=told)
    done = await staffed.reaches(created.generation_id, FAILED)
    assert (done.failure.reason, done.credits_charged, done.credits_refunded) == (reason, 0, 5)


async def test_a_redelivered_reservation_runs_once(staffed: Stack) -> None:
    """Three events about one reservation, each with its own id: one attempt, one charge."""
    staffed.ledger.publishes = 3
    created = await staffed.create()
    done = await staffed.reaches(created.generation_id, SUCCEEDED)
    later = await staffed.reaches((await staffed.create(seed=2)).generation_id, SUCCEEDED)
    assert (len(done.attempts), len(later.attempts)) == (1, 1)
    assert await staffed.settled(created.generation_id) == ["GenerationSucceeded"]


async def test_a_backlog_stays_in_the_stream(stack: Stack) -> None:
    """A worker with one slot runs one job; the others wait as queued, and all end."""
    await stack.process("serve-worker", GENERATION_WORKER_CONCURRENCY="1")
    stalled = await stack.create(simulate="stall")
    await stack.reaches(stalled.generation_id, PROCESSING)
    waiting = [await stack.create(seed=seed) for seed in range(3)]
    assert [(await stack.get(job.generation_id)).status for job in waiting] == [QUEUED] * 3
    await stack.api.CancelGeneration(
        pb.CancelGenerationRequest(account_id=stack.account, generation_id=stalled.generation_id)
    )
    for job in waiting:
        await stack.reaches(job.generation_id, SUCCEEDED)


async def test_too_few_credits_are_refused(stack: Stack) -> None:
    """The refusal carries both amounts; the same key gets it again; nothing is held."""
    stack.ledger.available = 4
    for _ in range(2):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stack.create(key="k1")
        error = remote_error(refused.value)
        assert (error.reason, error.status) == (
            "INSUFFICIENT_CREDITS",
            grpc.StatusCode.FAILED_PRECONDITION,
        )
        assert (error.metadata["available"], error.metadata["required"]) == ("4", "5")
    assert (await stack.get(error.metadata["generation_id"])).status == pb.GENERATION_STATUS_REJECTED
    assert stack.ledger.available == 4


async def test_bad_fields_are_named_over_grpc(stack: Stack) -> None:
    """The status carries a violation for each bad field."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stack.create(seed=float("nan"))
    assert remote_error(refused.value).reason == "INVALID_INPUT"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stack.create(ratio="7:5", surprise=1)
    assert {name for name, _ in remote_error(refused.value).field_violations} == {"ratio", "surprise"}
    assert stack.ledger.reservations == {}


async def test_callers_get_only_their_own_methods(stack: Stack) -> None:
    """The ledger may ask for a settlement and nothing else; a stranger nothing at all."""
    created = await stack.create()
    target = stack.settings["GENERATION_GRPC_LISTEN"]
    settlement = pb.GetSettlementRequest(generation_id=created.generation_id)
    for name, token in TOKENS.items():
        link = channel(target, token=token)
        stub = pb_grpc.GenerationServiceStub(link)
        if name == "ledger":
            answer = await stub.GetSettlement(settlement, timeout=5)
            assert answer.decision == pb.SETTLEMENT_DECISION_PENDING
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.ListModels(pb.ListModelsRequest(), timeout=5)
        else:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.GetSettlement(settlement, timeout=5)
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
        await link.close()
