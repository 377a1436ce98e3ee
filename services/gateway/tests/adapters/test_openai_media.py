"""OpenAI's clients get pictures and sound by an ordinary generation, and errors that they can read."""

import asyncio
from base64 import b64decode
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import Request
from gateway.adapters.inbound.deps import Compatible
from gateway.adapters.inbound.left import unless_left
from gateway.adapters.inbound.problems import status_of
from gateway.bootstrap.parts import wire
from gateway.domain.errors import GatewayError, TimedOut, Unavailable
from gateway.domain.generation import Generation, GenerationStatus, NewGeneration
from gateway.domain.identifiers import AccountId, ModelId
from gateway_world import SKETCH, Door, assert_problem, make_door
from openai_world import FILE, assert_error, enter_openai, use_key
from starlette.requests import ClientDisconnect

DRAW = "/openai/v1/images/generations"
EDIT = "/openai/v1/images/edits"
SPEAK = "/openai/v1/audio/speech"


@pytest.fixture
async def ada(door: Door) -> Door:
    """Ada's program."""
    await enter_openai(door)
    return door


async def draw(door: Door, **more: Any) -> httpx.Response:
    """Ask for a picture."""
    headers = more.pop("headers", {})
    return await door.http.post(DRAW, json={"model": SKETCH, "prompt": "a heron", **more}, headers=headers)


@pytest.mark.parametrize(
    ("how", "has"),
    [(None, {"url", "b64_json"}), ("url", {"url"}), ("b64_json", {"b64_json"})],
)
async def test_a_picture(ada: Door, how: str | None, has: set[str]) -> None:
    """It is there when the answer is, in the form that was asked for, with what it cost."""
    made = await draw(ada, n=2, size="1024x1024", **({"response_format": how} if how else {}))
    assert made.status_code == 200, made.text
    (picture,) = made.json()["data"]
    assert {name for name, value in picture.items() if value is not None} == has
    if "b64_json" in has:
        assert b64decode(picture["b64_json"]) == FILE
    assert made.headers["x-tintype-credits-charged"] == "10"
    assert made.headers["x-tintype-balance"] == "990"
    assert made.headers["x-request-id"]
    assert int(made.headers["x-ratelimit-remaining-requests"]) < int(
        made.headers["x-ratelimit-limit-requests"]
    )
    (job,) = ada.world.generations.jobs.values()
    assert job.input == {"prompt": "a heron", "output_count": 2, "ratio": "1:1"}
    assert made.headers["x-tintype-generation"] == job.generation_id


async def test_a_session_will_do(door: Door) -> None:
    """An access token is as good as a key."""
    await enter_openai(door)
    login = {"email": "ada@example.com", "password": "correct horse battery"}
    token = (await door.http.post("/v1/auth/login", json=login)).json()["access_token"]
    made = await door.http.get("/openai/v1/models", headers={"Authorization": f"Bearer {token}"})
    assert made.status_code == 200


async def test_the_same_key_makes_one(ada: Door) -> None:
    """A repeated request gets the first one's picture and is charged once."""
    first, again = [await draw(ada, headers={"Idempotency-Key": "k-1"}) for _ in range(2)]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert len(ada.world.generations.jobs) == 1
    other = await draw(ada, n=2, headers={"Idempotency-Key": "k-1"})
    assert_error(other, 400, "idempotency_key_reused")


async def test_too_few_credits(door: Door) -> None:
    """402, which no client repeats, with the word that OpenAI has for it; nothing is held."""
    await enter_openai(door, welcome=3)
    before = door.world.ledger.journal.copy()
    refused = await draw(door)
    error = assert_error(refused, 402, "insufficient_quota")
    assert error["type"] == "insufficient_quota"
    assert refused.headers["x-should-retry"] == "false"
    assert refused.headers["x-tintype-balance"] == "3"
    assert (door.world.ledger.journal, door.world.ledger.reservations) == (before, {})


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"model": "local/nothing"}, 404, "model_not_found", "model"),
        ({"model": "gpt-image-9"}, 404, "model_not_found", "model"),
        ({"model": "local/motion"}, 400, "wrong_modality", "model"),
        ({"size": "3x1"}, 400, "unsupported_value", "size"),
        ({"n": 11}, 400, "invalid_request", "n"),
        ({"n": 5}, 400, "invalid_input", "n"),
        ({"prompt": "a"}, 400, "invalid_input", "prompt"),
        ({"response_format": "svg"}, 400, "invalid_request", "response_format"),
        ({"prompt": 7}, 400, "invalid_request", "prompt"),
    ],
)
async def test_bad_requests(ada: Door, body: dict[str, Any], status: int, code: str, param: str) -> None:
    """Each names the field, by the name that the client sent; nothing runs."""
    before = ada.state()
    assert_error(await draw(ada, **body), status, code, param)
    assert ada.state() == before


@pytest.mark.parametrize("body", [b"{", b'{"model": "local/sketch"}'])
async def test_bodies_that_are_none(ada: Door, body: bytes) -> None:
    """No JSON, or a prompt that is missing."""
    refused = await ada.http.post(DRAW, content=body, headers={"Content-Type": "application/json"})
    assert refused.status_code == 400
    assert refused.json()["error"]["type"] == "invalid_request_error"


async def test_who_is_not_let_in(ada: Door) -> None:
    """No key, a stranger's, one without the scope, one for another model."""
    before = ada.state()
    own = ada.http.headers["Authorization"]
    del ada.http.headers["Authorization"]
    assert_error(await draw(ada), 401, "unauthenticated")
    bad = {"Authorization": "Bearer tt_live_" + "A" * 49}
    assert_error(await draw(ada, headers=bad), 401, "invalid_api_key")
    theirs = {"Authorization": "Bearer sk-proj-abc"}
    assert_error(await draw(ada, headers=theirs), 401, "invalid_api_key")
    ada.http.headers["Authorization"] = own
    assert ada.state() == before


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"scopes": ["generations:read"]}, "scope_required"),
        ({"model_ids": ["local/painter"]}, "model_not_allowed"),
    ],
)
async def test_keys_that_may_not(door: Door, terms: dict[str, Any], code: str) -> None:
    """Scopes and lists of models count here as everywhere."""
    await door.sign_up(welcome_credits=100)
    scopes = terms.pop("scopes", ["generations:write"])
    await use_key(door, *scopes, **({"models": terms["model_ids"]} if terms else {}))
    before = door.state()
    refused = await draw(door)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == code
    assert door.state() == before


async def test_a_limit() -> None:
    """429 says when to come back, and no job is begun."""
    door = make_door(rates="1/minute")
    async with door.http:
        await enter_openai(door)
        assert (await draw(door)).status_code == 200
        refused = await draw(door)
        assert assert_error(refused, 429, "rate_limit_exceeded")["type"] == "rate_limit_error"
        assert int(refused.headers["retry-after"]) > 0
        assert refused.headers["x-ratelimit-remaining-requests"] == "0"
        assert len(door.world.generations.jobs) == 1


async def test_what_fails_costs_nothing(ada: Door) -> None:
    """A failure is 502, and a job that somebody cancelled is 409, which is not asked again."""
    ada.world.generations.ends_at_once = GenerationStatus.FAILED
    failed = await draw(ada)
    assert assert_error(failed, 502, "generation_failed")["type"] == "server_error"
    ada.world.generations.ends_at_once = GenerationStatus.CANCELLED
    cancelled = await draw(ada)
    assert_error(cancelled, 409, "generation_cancelled")
    assert cancelled.headers["x-should-retry"] == "false"
    assert [job.credits_charged for job in ada.world.generations.jobs.values()] == [0, 0]


async def test_the_next_model(ada: Door) -> None:
    """A model that is not there is passed over; a request that is wrong is not asked of the next."""
    made = await draw(ada, model="local/nothing", models=["local/painter"])
    assert made.status_code == 200
    assert [job.model_id for job in ada.world.generations.jobs.values()] == ["local/painter"]
    before = ada.state()
    assert_error(await draw(ada, size="3x1", models=["local/painter"]), 400, "unsupported_value", "size")
    assert_error(await draw(ada, model="a/b", models=["c/d"]), 404, "model_not_found", "model")
    assert ada.state() == before


@pytest.mark.real_time
@pytest.mark.parametrize("refusal", [Unavailable("Away.", reason="LEDGER_UNAVAILABLE"), TimedOut("Slow.")])
async def test_what_may_have_begun_is_asked_of_no_other(
    ada: Door, refusal: GatewayError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one may be made all the same: with the next one two would be paid for."""
    asked: list[str] = []

    async def create(_: AccountId, new: NewGeneration) -> tuple[Generation, bool]:
        asked.append(new.model_id)
        raise refusal

    monkeypatch.setattr(ada.world.generations, "create", create)
    refused = await draw(ada, models=["local/painter"])
    assert (refused.status_code, asked) == (status_of(refusal), ["local/sketch"])


@pytest.mark.parametrize(("key", "charged"), [(None, 5), ("k-1", 10)])
async def test_a_program_that_repeats_pays_once(
    ada: Door, key: str | None, charged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger's answer was lost, and the client asks again: without a key, for another one."""
    generations, create = ada.world.generations, ada.world.generations.create
    generations.ends_at_once = None

    async def unanswered(account_id: AccountId, new: NewGeneration) -> tuple[Generation, bool]:
        await create(account_id, new)
        raise Unavailable("Away.", reason="LEDGER_UNAVAILABLE")

    monkeypatch.setattr(generations, "create", unanswered)
    refused = await draw(ada, n=2, headers={"Idempotency-Key": key} if key else {})
    assert_error(refused, 503, "ledger_unavailable")
    assert "x-should-retry" not in refused.headers
    monkeypatch.setattr(generations, "create", create)
    generations.ends_at_once = GenerationStatus.SUCCEEDED
    (first,) = generations.jobs.values()
    if key:
        # It went on, and the same key finds it.
        generations.finish(first.generation_id, GenerationStatus.SUCCEEDED)
        again = await draw(ada, n=2, headers={"Idempotency-Key": key})
    else:
        assert first.status is GenerationStatus.CANCELLED
        again = await draw(ada)
    assert again.status_code == 200, again.text
    assert sum(job.credits_charged for job in generations.jobs.values()) == charged
    assert (await ada.world.ledger.balance(first.account_id)).held == 0


async def test_what_can_not_be_stopped_is_not_repeated(ada: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """It succeeded, and nobody could say so: a program that repeated it would pay twice."""
    create = ada.world.generations.create

    async def unanswered(account_id: AccountId, new: NewGeneration) -> tuple[Generation, bool]:
        await create(account_id, new)
        raise TimedOut("Slow.")

    monkeypatch.setattr(ada.world.generations, "create", unanswered)
    refused = await draw(ada)
    assert_error(refused, 504, "timed_out")
    assert refused.headers["x-should-retry"] == "false"
    assert "retry-after" not in refused.headers


async def test_a_file_that_can_not_be_read(ada: Door) -> None:
    """The picture is there and its file is not: an error, no half of an answer, and no second picture."""
    ada.world.output_files.otherwise = [b"half", None]
    refused = await draw(ada)
    assert_error(refused, 503, "storage_unavailable")
    assert refused.headers["x-should-retry"] == "false"
    keyed = await draw(ada, headers={"Idempotency-Key": "k-1"})
    assert_error(keyed, 503, "storage_unavailable")
    assert "x-should-retry" not in keyed.headers
    made = await draw(ada, response_format="url")
    assert made.status_code == 200


async def test_addresses_that_are_none(ada: Door) -> None:
    """Under /openai errors are OpenAI's whatever is asked for; elsewhere they are ours."""
    for method, path in (("GET", "/openai/v1/assistants"), ("GET", DRAW)):
        assert_error(await ada.http.request(method, path), 404, "not_found")
    assert_problem(await ada.http.get("/v1/assistants"), 404, "NOT_FOUND")
    packed = await ada.http.post(DRAW, content=b"x", headers={"Content-Encoding": "gzip"})
    assert_error(packed, 415, "unsupported_content_encoding")
    assert_error(await ada.http.post(DRAW, content=b"x" * (1024 * 1024 + 1)), 413, "body_too_large")


async def test_our_own_bug(ada: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is OpenAI's 500, and says nothing of itself."""

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(ada.world.generations, "model", broken)
    refused = await draw(ada)
    assert_error(refused, 500, "internal")
    assert "hunter2" not in refused.text


async def test_a_picture_is_changed(ada: Door) -> None:
    """What is sent in is kept as an upload and named in the input."""
    sent = {"model": "local/edit", "prompt": "in sepia", "n": "2", "seed": "7", "response_format": "url"}
    files = [("image[]", ("a.png", b"one", "image/png")), ("image[]", ("b.png", b"two", "image/png"))]
    made = await ada.http.post(EDIT, data=sent, files=files)
    assert made.status_code == 200, made.text
    assert made.json()["data"][0]["url"]
    (job,) = ada.world.generations.jobs.values()
    assert job.input == {
        "prompt": "in sepia",
        "output_count": 2,
        "seed": 7,
        "images": list(ada.world.uploads.kept),
    }


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("fields", "files", "code", "param"),
    [
        ({"model": "local/edit"}, {"image": b"one"}, "invalid_field", "prompt"),
        ({"prompt": "in sepia"}, {"image": b"one"}, "invalid_field", "model"),
        ({"model": "local/edit", "prompt": "in sepia"}, {}, "invalid_field", "image"),
        (
            {"model": "local/edit", "prompt": "in sepia", "image": "https://a/b"},
            {},
            "malformed_multipart",
            None,
        ),
        ({"model": "local/edit", "prompt": "in sepia", "n": "x"}, {"image": b"one"}, "invalid_field", "n"),
        (
            {"model": "local/edit", "prompt": "in sepia", "response_format": "x"},
            {"image": b"one"},
            "invalid_field",
            "response_format",
        ),
        ({"model": "local/sketch", "prompt": "in sepia"}, {"image": b"one"}, "unsupported_value", "image"),
        (
            {"model": "local/edit", "prompt": "in sepia"},
            {"image": b"one", "mask": b"m"},
            "unsupported_parameter",
            "mask",
        ),
        (
            {"model": "local/edit", "prompt": "in sepia"},
            {"image": b"no picture"},
            "unusable_media",
            None,
        ),
    ],
)
async def test_forms_that_are_wrong(
    ada: Door, fields: dict[str, str], files: dict[str, bytes], code: str, param: str | None
) -> None:
    """Each says what is wrong with which field, and nothing runs."""
    sent = {name: (f"{name}.png", content, "image/png") for name, content in files.items()}
    # Something that is a file makes it a form of parts.
    refused = await ada.http.post(EDIT, data=fields, files=sent or {"other": ("o", b"x")})
    assert_error(refused, 400, code, param)
    assert ada.world.generations.jobs == {}


async def test_no_form(ada: Door) -> None:
    """JSON is no picture."""
    refused = await ada.http.post(EDIT, json={"model": "local/edit", "prompt": "in sepia"})
    assert_error(refused, 400, "invalid_field", "model")


async def test_a_text_is_read_aloud(ada: Door) -> None:
    """The sound's own bytes come back, with its length and its type."""
    said = {"model": "local/speech", "input": "Good evening.", "voice": "ash", "response_format": "mp3"}
    made = await ada.http.post(SPEAK, json=said)
    assert (made.status_code, made.content) == (200, FILE), made.text
    assert made.headers["content-type"] == "audio/mpeg"
    assert made.headers["x-tintype-credits-charged"] == "1"
    ada.world.output_files.otherwise = None
    assert_error(await ada.http.post(SPEAK, json=said), 503, "storage_unavailable")
    assert_error(
        await ada.http.post(SPEAK, json=said | {"voice": "alloy"}), 400, "unsupported_value", "voice"
    )


async def test_models(door: Door) -> None:
    """All of them for whoever may run all; for a key that may run one, that one."""
    await enter_openai(door)
    listed = (await door.http.get("/openai/v1/models")).json()
    assert listed["object"] == "list"
    assert "local/sketch" in {model["id"] for model in listed["data"]}
    one = await door.http.get("/openai/v1/models/local/sketch")
    assert one.json() == next(model for model in listed["data"] if model["id"] == "local/sketch")
    for unknown in ("local/nothing", "gpt-9", "local/UPPER"):
        refused = await door.http.get(f"/openai/v1/models/{unknown}")
        assert_error(refused, 404, "model_not_found", "model")
    login = {"email": "ada@example.com", "password": "correct horse battery"}
    token = (await door.http.post("/v1/auth/login", json=login)).json()["access_token"]
    door.http.headers["Authorization"] = f"Bearer {token}"
    await use_key(door, models=["local/edit"])
    only = (await door.http.get("/openai/v1/models")).json()["data"]
    assert [model["id"] for model in only] == ["local/edit"]


async def test_a_client_that_leaves(ada: Door) -> None:
    """Its job is cancelled and its credits return; with a key of its own the job goes on."""
    ada.world.generations.ends_at_once = None
    for headers, status in (({}, "cancelled"), ({"Idempotency-Key": "mine"}, "queued")):
        known = set(ada.world.generations.jobs)
        asking = asyncio.ensure_future(draw(ada, headers=headers))
        async with asyncio.timeout(30):
            while not (begun := set(ada.world.generations.jobs) - known):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait({asking})
            (job,) = begun
            while ada.world.generations.jobs[job].status != status:
                await asyncio.sleep(0)
    assert ada.world.generations.jobs[job].status == "queued"


async def test_names_of_an_installation(door: Door) -> None:
    """A name that stands for a model is listed, read and run; answers to a stranger's name stay 404."""
    ports = replace(door.world.ports, compatible=Compatible(aliases={"gpt-image-1": ModelId(SKETCH)}))
    door.app.state.deps = wire(ports)
    await enter_openai(door)
    named = (await door.http.get("/openai/v1/models/gpt-image-1")).json()
    assert (named["id"], named["root"]) == ("gpt-image-1", SKETCH)
    assert named in (await door.http.get("/openai/v1/models")).json()["data"]
    assert (await draw(door, model="gpt-image-1")).status_code == 200
    assert [job.model_id for job in door.world.generations.jobs.values()] == [SKETCH]


async def test_what_takes_too_long(door: Door) -> None:
    """The request ends with 504, which is not asked again; the job is cancelled and costs nothing."""
    ports = replace(door.world.ports, compatible=Compatible(wait_max_s=0.01))
    door.app.state.deps = wire(ports)
    await enter_openai(door)
    door.world.generations.ends_at_once = None
    late = await draw(door)
    assert_error(late, 504, "wait_over")
    assert late.headers["x-should-retry"] == "false"
    late = await draw(door, headers={"Idempotency-Key": "mine"})
    assert_error(late, 504, "wait_over")
    assert [job.status for job in door.world.generations.jobs.values()] == ["cancelled", "queued"]


@pytest.mark.parametrize("leaves", [True, False])
async def test_leaving_is_noticed(leaves: bool) -> None:
    """The work is cancelled once the client has gone, and not before."""
    gone, cancelled = asyncio.Event(), asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def work() -> str:
        try:
            if leaves:
                await asyncio.Event().wait()
            return "done"
        finally:
            cancelled.set()

    waiting = asyncio.ensure_future(unless_left(Request({"type": "http"}, receive), work()))
    async with asyncio.timeout(30):
        if not leaves:
            assert await waiting == "done"
            return
        gone.set()
        with pytest.raises(ClientDisconnect):
            await waiting
    assert cancelled.is_set()
