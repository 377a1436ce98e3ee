"""A picture comes in events, as OpenAI names them: the whole one at last, or why there is none."""

import asyncio
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest
from gateway.adapters.inbound.deps import Compatible
from gateway.adapters.inbound.openai import picture_run
from gateway.bootstrap.parts import wire
from gateway.domain.errors import TimedOut
from gateway.domain.generation import Generation, GenerationStatus, NewGeneration
from gateway.domain.identifiers import AccountId
from gateway_world import SKETCH, Door
from openai_pictures import DRAW, EDIT, events, running, stream
from openai_world import FILE, assert_error, enter_openai


@pytest.fixture
async def ada(door: Door) -> Door:
    """Ada's program."""
    await enter_openai(door)
    return door


@pytest.mark.parametrize("partial_images", [None, 0, 3])
async def test_a_picture(ada: Door, partial_images: int | None) -> None:
    """A model without previews has one event: the picture, with the facts that OpenAI's has."""
    told = await stream(ada, size="1024x1024", n=1, response_format="b64_json", partial_images=partial_images)
    (event,) = events(told)
    (job,) = ada.world.generations.jobs.values()
    assert b64decode(event.pop("b64_json")) == FILE
    usage = event.pop("usage")
    assert usage["input_tokens_details"] == {"image_tokens": 0, "text_tokens": 0}
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (0, 0, 0)
    (output,) = job.outputs
    assert event == {
        "event": "image_generation.completed",
        "type": "image_generation.completed",
        "created_at": int((job.finished_at or job.created_at).timestamp()),
        "size": f"{output.width}x{output.height}",
        "quality": "auto",
        "background": "auto",
        "output_format": "png",
        "tintype": {"generation": job.generation_id, "credits_charged": 5},
    }
    assert told.headers["x-tintype-generation"] == job.generation_id
    assert told.headers["x-request-id"]
    assert told.headers["x-ratelimit-limit-requests"]
    assert told.headers["cache-control"] == "no-store"
    assert job.input == {"prompt": "a heron", "ratio": "1:1", "output_count": 1}


async def test_a_changed_picture(ada: Door) -> None:
    """A form has `stream` as a text; its events have names of their own."""
    sent = {"model": "local/edit", "prompt": "in sepia", "stream": "true", "partial_images": "2"}
    told = await ada.http.post(EDIT, data=sent, files={"image": ("a.png", b"one", "image/png")})
    (event,) = events(told)
    assert event["type"] == "image_edit.completed"
    assert b64decode(event["b64_json"]) == FILE


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"n": 2}, "unsupported_value", "n"),
        ({"output_count": 2}, "unsupported_value", "n"),
        ({"response_format": "url"}, "unsupported_value", "response_format"),
        ({"partial_images": 4}, "invalid_request", "partial_images"),
        ({"partial_images": -1}, "invalid_request", "partial_images"),
        ({"partial_images": 2, "stream": False}, "unsupported_value", "partial_images"),
        ({"stream": "yes"}, "invalid_request", "stream"),
        ({"size": "3x1"}, "unsupported_value", "size"),
    ],
)
async def test_what_is_refused(ada: Door, body: dict[str, Any], code: str, param: str) -> None:
    """Before the first byte a refusal is a status and names the field; nothing runs."""
    before = ada.state()
    assert_error(await stream(ada, **body), 400, code, param)
    assert ada.state() == before


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"stream": "yes"}, "stream"),
        ({"stream": "true", "partial_images": "x"}, "partial_images"),
        ({"stream": "true", "partial_images": "4"}, "partial_images"),
        ({"stream": "true", "n": "2"}, "n"),
        ({"stream": "true", "output_count": "2"}, "n"),
    ],
)
async def test_forms_that_are_refused(ada: Door, fields: dict[str, str], param: str) -> None:
    """Of a form too, and no picture of it is kept."""
    sent = {"model": "local/edit", "prompt": "in sepia", **fields}
    refused = await ada.http.post(EDIT, data=sent, files={"image": ("a.png", b"one", "image/png")})
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == param
    assert (ada.world.generations.jobs, ada.world.uploads.kept) == ({}, {})


async def test_too_few_credits(door: Door) -> None:
    """402, as of a picture that is not streamed; nothing is held."""
    await enter_openai(door, welcome=3)
    before = door.world.ledger.journal.copy()
    assert_error(await stream(door), 402, "insufficient_quota")
    assert (door.world.ledger.journal, door.world.ledger.reservations) == (before, {})


async def test_what_fails_at_once_costs_nothing_and_is_a_status(ada: Door) -> None:
    """502 and 409 as of a picture that is not streamed, and the next model is asked."""
    ada.world.generations.ends_at_once = GenerationStatus.FAILED
    assert_error(await stream(ada, models=["local/painter"]), 502, "generation_failed")
    assert [job.model_id for job in ada.world.generations.jobs.values()] == ["local/sketch", "local/painter"]
    ada.world.generations.ends_at_once = GenerationStatus.CANCELLED
    assert_error(await stream(ada), 409, "generation_cancelled")
    assert {job.credits_charged for job in ada.world.generations.jobs.values()} == {0}


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (GenerationStatus.FAILED, "generation_failed"),
        (GenerationStatus.CANCELLED, "generation_cancelled"),
    ],
)
async def test_what_fails_later_is_the_last_event(
    ada: Door, monkeypatch: pytest.MonkeyPatch, status: GenerationStatus, code: str
) -> None:
    """After comments that kept it alive there is an error that clients read; nothing is charged."""
    monkeypatch.setattr(picture_run, "HEARTBEAT_S", 0.01)
    ada.world.generations.ends_at_once = None
    asking = asyncio.ensure_future(stream(ada))
    job = await running(ada)
    # Its first second of silence is over by then.
    beats = 0
    wait = picture_run.asyncio.wait

    async def counted(*args: Any, **more: Any) -> Any:
        nonlocal beats
        beats += "timeout" in more
        return await wait(*args, **more)

    monkeypatch.setattr(picture_run.asyncio, "wait", counted)
    async with asyncio.timeout(30):
        while beats < 3:
            await asyncio.sleep(0)
        ada.world.generations.finish(job.generation_id, status)
        told = await asking
    (last,) = events(told)
    assert (last["event"], last["error"]["code"]) == ("error", code)
    assert ": waiting\n\n" in told.text
    assert (await ada.world.ledger.balance(job.account_id)).available == 1000


async def test_a_file_that_can_not_be_read(ada: Door) -> None:
    """It is paid for: an error as an event, which no client repeats by itself; no half of a picture."""
    ada.world.output_files.otherwise = [b"half", None]
    (last,) = events(await stream(ada))
    assert last["error"]["code"] == "storage_unavailable"


async def test_a_picture_that_is_gone(ada: Door) -> None:
    """Under a known key of a picture that expired the end is an error."""
    await stream(ada, headers={"Idempotency-Key": "k-1"})
    ((job_id, job),) = ada.world.generations.jobs.items()
    ada.world.generations.jobs[job_id] = replace(job, outputs=())
    (last,) = events(await stream(ada, headers={"Idempotency-Key": "k-1"}))
    assert last["error"]["code"] == "answer_not_kept"


async def test_the_same_key_makes_one(ada: Door) -> None:
    """Streamed again, or asked for whole: the first one's picture, charged once."""
    first, again = [await stream(ada, headers={"Idempotency-Key": "k-1"}) for _ in range(2)]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert events(again) == events(first)
    body = {"model": SKETCH, "prompt": "a heron"}
    whole = await ada.http.post(DRAW, json=body, headers={"Idempotency-Key": "k-1"})
    assert b64decode(whole.json()["data"][0]["b64_json"]) == FILE
    assert len(ada.world.generations.jobs) == 1
    assert_error(
        await stream(ada, prompt="two herons", headers={"Idempotency-Key": "k-1"}),
        400,
        "idempotency_key_reused",
    )


@pytest.mark.parametrize(("headers", "status"), [({}, "cancelled"), ({"Idempotency-Key": "mine"}, "queued")])
@pytest.mark.parametrize("heartbeat_s", [15.0, 0.0])
async def test_a_client_that_leaves(
    ada: Door,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    status: str,
    heartbeat_s: float,
) -> None:
    """Before the first byte or after it: cancelled, unless it has a key by which it may come back."""
    monkeypatch.setattr(picture_run, "HEARTBEAT_S", heartbeat_s)
    ada.world.generations.ends_at_once = None
    asking = asyncio.ensure_future(stream(ada, headers=headers))
    job = await running(ada)
    asking.cancel()
    await asyncio.wait({asking})
    async with asyncio.timeout(30):
        while ada.world.generations.jobs[job.generation_id].status != status:
            await asyncio.sleep(0)
    assert ada.world.generations.jobs[job.generation_id].status == status


async def test_what_takes_too_long(door: Door) -> None:
    """It is cancelled and costs nothing; with a key it goes on."""
    ports = replace(door.world.ports, compatible=Compatible(wait_max_s=0.01))
    door.app.state.deps = wire(ports)
    await enter_openai(door)
    door.world.generations.ends_at_once = None
    late = await stream(door)
    assert_error(late, 504, "wait_over")
    assert late.headers["x-should-retry"] == "false"
    assert_error(await stream(door, headers={"Idempotency-Key": "mine"}), 504, "wait_over")
    assert [job.status for job in door.world.generations.jobs.values()] == ["cancelled", "queued"]


async def test_what_may_have_begun_is_not_repeated(ada: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """It succeeded, and nobody could say so: a program that repeated it would pay twice."""
    create = ada.world.generations.create

    async def unanswered(account_id: AccountId, new: NewGeneration) -> tuple[Generation, bool]:
        await create(account_id, new)
        raise TimedOut("Slow.")

    monkeypatch.setattr(ada.world.generations, "create", unanswered)
    refused = await stream(ada)
    assert_error(refused, 504, "timed_out")
    assert refused.headers["x-should-retry"] == "false"
    assert len(ada.world.generations.jobs) == 1
