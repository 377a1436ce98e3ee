"""OpenAI's clients chat: whole or in chunks, with what it cost, and with an end that they can read."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from gateway.adapters.inbound.openai import chat_run
from gateway.adapters.inbound.openai.chat import as_chunk
from gateway.adapters.outbound.memory.interactive import MemoryInteractiveGenerations
from gateway.adapters.outbound.memory.models import _model
from gateway.domain.errors import (
    FieldProblem,
    GatewayError,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unavailable,
)
from gateway.domain.generation import Failure, Modality
from gateway_world import Door
from openai_world import assert_error, enter_openai, use_key

CHAT = "/openai/v1/chat/completions"
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4.1-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
}
CHUNKS: list[dict[str, Any]] = [
    {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": text}}]}
    for text in ("Hel", "lo.")
]
USAGE = {"id": "c", "model": "m", "choices": [], "usage": {"total_tokens": 11}}
BROKEN = Failure(reason="PROVIDER_FAILED", detail="it broke")


@pytest.fixture
async def ada(door: Door) -> Door:
    """Ada's program; a chat costs two credits."""
    await enter_openai(door)
    door.world.generations.ends_at_once = None
    door.world.generations.more_models.append(_model("chat", Modality.TEXT, "token", 2))
    door.world.interactive.answer, door.world.interactive.chunks = ANSWER, [*CHUNKS, USAGE]
    return door


@pytest.fixture
def chats(ada: Door) -> MemoryInteractiveGenerations:
    """Who answers."""
    return ada.world.interactive


async def chat(door: Door, **more: Any) -> httpx.Response:
    """Say something."""
    headers = more.pop("headers", {})
    body = {"model": "local/chat", "messages": [{"role": "user", "content": "Say hello."}], **more}
    return await door.http.post(CHAT, json=body, headers=headers)


def events(answer: httpx.Response) -> list[Any]:
    """The data of each event, and the last comment."""
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
    lines = [line for line in answer.text.split("\n") if line]
    assert all(line.startswith(("data: ", ": ")) for line in lines)
    told = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return [text if text == "[DONE]" else json.loads(text) for text in told]


async def test_an_answer(ada: Door, chats: MemoryInteractiveGenerations) -> None:
    """It is the provider's, under our names; what is not known here was passed on."""
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    picture = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVyb24="}}]
    said = await chat(
        ada,
        messages=[{"role": "user", "content": picture}],
        tools=tools,
        seed=7,
        logprobs=True,
        n=2,
        max_completion_tokens=50,
        response_format={"type": "json_object"},
        metadata={"album": "birds"},
        provider={"order": ["deepseek", 3]},
    )
    (job,) = ada.world.generations.jobs.values()
    assert said.json() == {**ANSWER, "id": job.generation_id, "model": "local/chat"}
    assert said.headers["x-tintype-credits-charged"] == "2"
    assert said.headers["x-tintype-balance"] == "998"
    (asked,) = chats.asked
    assert json.loads(asked.chat) == {
        "messages": [{"role": "user", "content": picture}],
        "tools": tools,
        "seed": 7,
        "logprobs": True,
        "n": 2,
        "max_completion_tokens": 50,
        "response_format": {"type": "json_object"},
    }
    assert (asked.is_streamed, asked.metadata, asked.provider_order) == (
        False,
        {"album": "birds"},
        ("deepseek",),
    )
    assert asked.key is not None
    assert asked.idempotency_key is None


async def test_chunks(ada: Door, chats: MemoryInteractiveGenerations) -> None:
    """Each is ours by its names; the usage says what it cost, and then it is done."""
    said = await chat(ada, stream=True, stream_options={"include_usage": True})
    *chunks, usage, done = events(said)
    (job,) = ada.world.generations.jobs.values()
    assert [one["choices"][0]["delta"]["content"] for one in chunks] == ["Hel", "lo."]
    assert {(one["id"], one["model"]) for one in [*chunks, usage]} == {(job.generation_id, "local/chat")}
    assert usage["usage"] == {"total_tokens": 11}
    assert usage["tintype"] == {"generation": job.generation_id, "credits_charged": 2}
    assert done == "[DONE]"
    assert f": tintype {json.dumps(usage['tintype'])}\n" in said.text
    assert said.headers["x-tintype-generation"] == job.generation_id
    assert said.headers["x-tintype-balance"] == "998"
    assert "x-tintype-credits-charged" not in said.headers
    assert chats.asked[0].is_streamed
    assert chats.left == []


async def test_chunks_that_come_together(ada: Door, chats: MemoryInteractiveGenerations) -> None:
    """Each is an event of its own, as if it had come alone; what makes no sense ends them where it stands."""
    alone = await chat(ada, stream=True, stream_options={"include_usage": True})
    chats.comes_together = True
    together = await chat(ada, stream=True, stream_options={"include_usage": True})
    assert without_ids(events(together)) == without_ids(events(alone))
    chats.chunks = [*CHUNKS, 7, CHUNKS[0]]  # type: ignore[list-item]
    *chunks, last = events(await chat(ada, stream=True))
    assert [one["choices"][0]["delta"]["content"] for one in chunks] == ["Hel", "lo."]
    assert last["error"]["code"] == "generation_failed"


def without_ids(told: list[Any]) -> list[Any]:
    """What two chats have in common."""
    for one in told:
        if isinstance(one, dict):
            one.pop("id")
            one.get("tintype", {}).pop("generation", None)
    return told


@pytest.mark.exhaustive
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("refusal", "status", "code", "param"),
    [
        (NotFound("no", reason="UNKNOWN_MODEL"), 404, "model_not_found", "model"),
        (
            InvalidRequest(
                "no", reason="INVALID_INPUT", fields=[FieldProblem("chat.messages", "chat.messages: no")]
            ),
            400,
            "invalid_input",
            "messages",
        ),
        (
            InvalidRequest("no", reason="INVALID_INPUT", fields=[FieldProblem("model_id", "is no chat")]),
            400,
            "invalid_input",
            "model",
        ),
        (RateLimited("no", retry_after_s=3, reason="TOO_MANY_STREAMS"), 429, "too_many_streams", None),
        (Unavailable("no", reason="CHATS_NOT_OFFERED"), 503, "chats_not_offered", None),
    ],
)
async def test_what_is_refused(
    ada: Door,
    chats: MemoryInteractiveGenerations,
    stream: bool,
    refusal: GatewayError,
    status: int,
    code: str,
    param: str | None,
) -> None:
    """Before anything ran, with a status, also of a stream; nothing is held."""
    chats.refusal = refusal
    before = ada.state()
    assert_error(await chat(ada, stream=stream), status, code, param)
    assert ada.state() == before


@pytest.mark.parametrize("stream", [False, True])
async def test_too_few_credits(door: Door, stream: bool) -> None:
    """402 with the word that OpenAI has for it."""
    await enter_openai(door, welcome=1)
    door.world.generations.ends_at_once = None
    door.world.generations.more_models.append(_model("chat", Modality.TEXT, "token", 2))
    assert_error(await chat(door, stream=stream), 402, "insufficient_quota")


async def test_a_key_for_other_models(ada: Door, chats: MemoryInteractiveGenerations) -> None:
    """It may not chat with this one, and nobody is asked."""
    login = {"email": "ada@example.com", "password": "correct horse battery"}
    token = (await ada.http.post("/v1/auth/login", json=login)).json()["access_token"]
    ada.http.headers["Authorization"] = f"Bearer {token}"
    await use_key(ada, models=["local/sketch"])
    refused = await chat(ada)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "model_not_allowed")
    assert chats.asked == []


@pytest.mark.parametrize("stream", [False, True])
async def test_what_fails_at_once(ada: Door, chats: MemoryInteractiveGenerations, stream: bool) -> None:
    """Also a stream has a status for it, and nothing is charged."""
    chats.failure = BROKEN
    error = assert_error(await chat(ada, stream=stream), 502, "generation_failed")
    assert "PROVIDER_FAILED" in error["message"]
    chats.failure = Failure(reason="CONTENT_REFUSED", detail="no")
    assert_error(await chat(ada, stream=stream), 400, "content_policy_violation")
    assert (await ada.http.get("/openai/v1/models")).status_code == 200
    assert {job.credits_charged for job in ada.world.generations.jobs.values()} == {0}


@pytest.mark.parametrize("how", ["broken off", "crash"])
async def test_a_stream_that_breaks_off(ada: Door, chats: MemoryInteractiveGenerations, how: str) -> None:
    """It ends with an error, and never says that it is done."""
    if how == "crash":
        chats.crash = Unavailable("Away.", reason="LEDGER_UNAVAILABLE")
    else:
        chats.broken_off = BROKEN
    *chunks, last = events(await chat(ada, stream=True))
    assert len(chunks) == 2
    assert last.keys() == {"error"}
    assert last["error"]["type"] == "server_error"


@pytest.mark.parametrize("sent", [7, "x", [1], {"choices": 7}, {"choices": [7]}, {"choices": {"a": 1}}])
async def test_a_provider_that_makes_no_sense(
    ada: Door, chats: MemoryInteractiveGenerations, sent: Any
) -> None:
    """It breaks the answer off as any other failure, whole or in chunks."""
    chats.chunks, chats.answer = [CHUNKS[0], sent], sent
    *chunks, last = events(await chat(ada, stream=True))
    assert (len(chunks), last["error"]["code"]) == (1, "generation_failed")
    assert_error(await chat(ada), 502, "generation_failed")


async def test_a_chunk_without_choices_has_none(ada: Door, chats: MemoryInteractiveGenerations) -> None:
    """Clients go through them."""
    chats.chunks = [CHUNKS[0], {"choices": None}, CHUNKS[1]]
    *chunks, _ = events(await chat(ada, stream=True))
    assert [len(told["choices"]) for told in chunks] == [1, 0, 1]


async def test_the_next_model(ada: Door, chats: MemoryInteractiveGenerations) -> None:
    """One that fails is passed over; the answer has the name of who gave it."""
    said = await chat(ada, model="local/nothing", models=["local/chat"])
    assert said.json()["model"] == "local/chat"
    assert [asked.model_id for asked in chats.asked] == ["local/nothing", "local/chat"]
    await chat(ada, model="local/nothing", models=["local/chat"], headers={"Idempotency-Key": "k"})
    keys = [asked.idempotency_key for asked in chats.asked]
    assert keys[:3] == [None, None, "k"]
    assert keys[3] not in (None, "k")


async def test_the_same_key(ada: Door, chats: MemoryInteractiveGenerations) -> None:
    """It is answered again, once: the same words and one charge; a stream is told the whole at once."""
    first, again = [await chat(ada, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(ada.world.generations.jobs) == 1
    *chunks, done = events(await chat(ada, stream=True, headers={"Idempotency-Key": "k"}))
    assert [one["choices"][0]["delta"]["content"] for one in chunks] == ["Hello."]
    assert done == "[DONE]"
    chats.answer = None
    for stream in (True, False):
        await chat(ada, stream=True, headers={"Idempotency-Key": "other"})
        gone = await chat(ada, stream=stream, headers={"Idempotency-Key": "other"})
        assert_error(gone, 409, "answer_not_kept")


def test_calls_of_tools_that_were_answered_before() -> None:
    """They are numbered, as a stream has them; what is a part already stays as it is."""
    call = {"id": "c-1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    choice = {"index": 0, "finish_reason": "tool_calls", "message": {"content": None, "tool_calls": [call]}}
    assert as_chunk({"object": "chat.completion", "choices": [choice]}) == {
        "object": "chat.completion.chunk",
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "delta": {"content": None, "tool_calls": [{"index": 0, **call}]},
            }
        ],
    }
    assert as_chunk(CHUNKS[0]) == CHUNKS[0]


@pytest.mark.parametrize(
    ("body", "param"),
    [({"messages": []}, "messages"), ({"messages": "hi"}, "messages"), ({"stream": "yes"}, "stream")],
)
async def test_bad_bodies(
    ada: Door, chats: MemoryInteractiveGenerations, body: dict[str, Any], param: str
) -> None:
    """What is read here is checked here; nobody is asked."""
    refused = await chat(ada, **body)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == param
    assert chats.asked == []


class Reader:
    """A client on the app itself: it reads as it likes, and leaves when it likes."""

    def __init__(self, door: Door, body: dict[str, Any]) -> None:
        self.sent: list[str] = []
        self.arrived = asyncio.Event()
        self.gone, self.may_send = asyncio.Event(), asyncio.Event()
        self.may_send.set()
        self._body: list[bytes] = [json.dumps(body).encode()]
        scope = {
            "type": "http",
            "method": "POST",
            "path": CHAT,
            "raw_path": CHAT.encode(),
            "query_string": b"",
            "headers": [
                (b"authorization", door.http.headers["Authorization"].encode()),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(self._body[0])).encode()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("gateway.test", 80),
            "scheme": "http",
            "root_path": "",
            "http_version": "1.1",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
        }
        self.task = asyncio.ensure_future(door.app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if self._body:
            return {"type": "http.request", "body": self._body.pop(), "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await self.may_send.wait()
        if message["type"] == "http.response.body" and message.get("body"):
            self.sent.append(message["body"].decode())
            self.arrived.set()


@pytest.fixture
async def reading(ada: Door, chats: MemoryInteractiveGenerations) -> AsyncIterator[Reader]:
    """A stream that does not end by itself."""
    chats.pause = asyncio.Event()
    body = {"model": "local/chat", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    reader = Reader(ada, body)
    yield reader
    reader.gone.set()
    await asyncio.wait({reader.task})


async def test_a_client_that_leaves(reading: Reader, chats: MemoryInteractiveGenerations) -> None:
    """The chat is stopped: nobody goes on for nobody."""
    async with asyncio.timeout(30):
        await reading.arrived.wait()
        assert chats.left == []
        reading.gone.set()
        await reading.task
    assert len(chats.left) == 1


async def test_a_client_that_leaves_before_the_first_word(
    ada: Door, chats: MemoryInteractiveGenerations
) -> None:
    """The same, where nothing was sent yet."""
    chats.pause, chats.chunks = asyncio.Event(), []
    body = {"model": "local/chat", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    reader = Reader(ada, body)
    async with asyncio.timeout(30):
        while not ada.world.generations.jobs:
            await asyncio.sleep(0)
        reader.gone.set()
        await reader.task
    assert (len(chats.left), reader.sent) == (1, [])


async def test_a_slow_reader_slows_the_chat(ada: Door, chats: MemoryInteractiveGenerations) -> None:
    """No more is taken from the provider than the client has taken, but for the next piece."""
    chats.chunks = CHUNKS * 50
    body = {"model": "local/chat", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    reader = Reader(ada, body)
    reader.may_send.clear()
    async with asyncio.timeout(30):
        for _ in range(200):
            await asyncio.sleep(0)
        assert chats.taken <= 3
        reader.may_send.set()
        await reader.task
    assert chats.taken == 100


async def test_heartbeats(
    ada: Door, chats: MemoryInteractiveGenerations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nothing comes, a comment says that somebody is there."""
    monkeypatch.setattr(chat_run, "HEARTBEAT_S", 0.001)
    chats.pause, chats.chunks = asyncio.Event(), []
    body = {"model": "local/chat", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    reader = Reader(ada, body)
    async with asyncio.timeout(30):
        await reader.arrived.wait()
        assert reader.sent[0] == ": waiting\n\n"
        chats.pause.set()
        await reader.task
    assert reader.sent[-1] == "data: [DONE]\n\n"


async def test_a_key_that_is_revoked(ada: Door, reading: Reader, chats: MemoryInteractiveGenerations) -> None:
    """The chat is stopped within the second, with an error and without an end."""
    async with asyncio.timeout(30):
        await reading.arrived.wait()
        ada.world.identity.keys.clear()
        (user_id,) = ada.world.identity.users
        ada.clock.pass_(seconds=2)
        ada.known_keys.doubt(user_id)
        ada.app.state.deps.known_keys.doubt(user_id)
        await reading.task
    assert '"session_ended"' in reading.sent[-1]
    assert len(chats.left) == 1
