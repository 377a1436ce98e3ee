"""Chats that are passed on, through the real adapter: what comes, and what it amounts to."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.openai.caller import OpenAICaller
from generation.adapters.outbound.providers.openai.conversing import WHOLE_BYTES_MAX, OpenAIChatStream
from generation.domain.output import Incomplete
from generation.domain.token_usage import TokenUsage
from generation.ports.chat_provider import ChatAnswer, ChatBroken, ChatCall, ChatRefused, ChatStream
from generation.ports.media_provider import RunOutput
from pydantic import SecretStr
from standins.openai.app import create_app
from standins.openai.settings import OpenAISettings
from standins.serving import running

pytestmark = pytest.mark.server

MODEL, PROMPT = "gpt-4.1-mini", "tin plates"
TOOL = {"name": "look_up", "parameters": {"type": "object", "properties": {"plate": {"type": "string"}}}}


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    """The stand-in's address."""
    with running(create_app(OpenAISettings(api_key=SecretStr("sk-test")))) as url:
        yield url


@pytest.fixture
async def caller(standin: str) -> AsyncIterator[OpenAICaller]:
    """The adapter, with nothing learned yet."""
    fetch = GuardedClient(allow_loopback=True, size_bytes_max=50_000_000)
    calling = OpenAICaller(base_url=f"{standin}/v1", api_key="sk-test", fetch=fetch, timeout_s=30)
    yield calling
    await calling.close()
    await fetch.close()


def call(
    said: str = PROMPT,
    *,
    is_streamed: bool = True,
    wants_usage: bool = False,
    tokens_max: int = 200,
    **more: Any,
) -> ChatCall:
    """What is asked."""
    document = {"messages": [{"role": "user", "content": said}], "max_tokens": tokens_max} | more
    return ChatCall(
        model=MODEL,
        document=document,
        is_streamed=is_streamed,
        wants_usage=wants_usage,
        choices=more.get("n", 1),
        tokens_max=tokens_max,
        prompt_tokens=40,
    )


async def heard(caller: OpenAICaller, asked: ChatCall) -> tuple[list[dict[str, Any]], ChatAnswer]:
    """The chunks that came, and what they amount to."""
    async with caller.chat(asked) as stream:
        chunks = [json.loads(chunk) async for chunk in stream.chunks()]
        answer = stream.answer()
    assert answer is not None
    return chunks, answer


async def text(output: RunOutput) -> str:
    """A text that is to be stored."""
    return b"".join([piece async for piece in output.stream()]).decode()


async def test_what_is_streamed_amounts_to_what_would_come_whole(caller: OpenAICaller) -> None:
    """The same message and usage; the usage's own chunk is for whoever asks for it."""
    chunks, streamed = await heard(caller, call())
    (document,), whole = await heard(caller, call(is_streamed=False))
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert all(chunk["choices"] for chunk in chunks)
    assert document["object"] == "chat.completion"
    said = [answer.completion["choices"][0]["message"]["content"] for answer in (streamed, whole)]
    assert said == [document["choices"][0]["message"]["content"]] * 2
    assert [await text(output) for output in streamed.run.outputs] == said[:1]
    assert streamed.usage == whole.usage
    assert streamed.usage.completion_tokens == document["usage"]["completion_tokens"]
    assert (streamed.usage.is_counted_by_us, streamed.run.incomplete) == (False, None)


async def test_who_asks_for_the_usage_is_told_it(caller: OpenAICaller) -> None:
    """In the last chunk, which has nothing else."""
    chunks, answer = await heard(caller, call(wants_usage=True, stream_options={"include_usage": True}))
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == answer.usage.total


async def test_several_choices_are_several_texts(caller: OpenAICaller) -> None:
    """Each in its place."""
    _, answer = await heard(caller, call(n=3, logprobs=True))
    texts = [await text(output) for output in answer.run.outputs]
    assert texts == [choice["message"]["content"] for choice in answer.completion["choices"]]
    assert len(set(texts)) == 3
    logprobs = answer.completion["choices"][2]["logprobs"]["content"]
    assert "".join(each["token"] for each in logprobs) == texts[2]


async def test_a_call_of_a_tool_is_put_together(caller: OpenAICaller) -> None:
    """As it would come whole, and kept as what the model asked for."""
    tools = [{"type": "function", "function": TOOL}]
    _, answer = await heard(caller, call(tools=tools))
    (choice,) = answer.completion["choices"]
    (called,) = choice["message"]["tool_calls"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    assert called["function"] == {"name": "look_up", "arguments": '{"plate": "tin"}'}
    assert json.loads(await text(answer.run.outputs[0])) == [called]


async def test_who_counts_nothing_is_counted_by_us(caller: OpenAICaller) -> None:
    """By its pieces, and by what was sent."""
    _, counted = await heard(caller, call())
    _, answer = await heard(caller, call(f"[[answer:no_usage]]{PROMPT}"))
    assert answer.usage == TokenUsage(40, counted.usage.completion_tokens, is_counted_by_us=True)
    assert answer.run.usage_units == answer.usage.total


@pytest.mark.parametrize("told", [10**30, 2**63, -5, 1.5, True, "12"])
async def test_a_count_that_can_be_none_is_not_believed(told: Any) -> None:
    """It could be written down nowhere, and its job would never be settled."""
    chunks = [
        {"choices": [{"index": 0, "delta": {"content": "tin plates"}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": told}},
    ]
    stream = OpenAIChatStream(said(*chunks), call())
    await drained(stream)
    answer = stream.answer()
    assert answer is not None
    assert answer.usage == TokenUsage(40, 1, is_counted_by_us=True)
    assert answer.run.usage_units == 41


ROLE = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]}
WORD = {"choices": [{"index": 0, "delta": {"content": "tin"}, "finish_reason": None}]}
FAILED = {
    "error": {"code": 502, "message": "upstream gpu-7 is gone"},
    "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
}


@pytest.mark.parametrize(("chunks", "is_something"), [((ROLE,), False), ((ROLE, WORD), True)])
async def test_an_error_beside_a_choice_is_one(chunks: Sequence[Any], is_something: bool) -> None:
    """It breaks the answer off and is not passed on; where nothing was said yet, nothing is to be paid."""
    stream = OpenAIChatStream(said(*chunks, FAILED), call())
    passed_on: list[bytes] = []
    with pytest.raises(ChatBroken):
        await drained(stream, passed_on)
    assert [json.loads(chunk) for chunk in passed_on] == list(chunks)
    assert (stream.answer() is not None) is is_something


@pytest.mark.parametrize("is_streamed", [True, False])
async def test_what_travels_in_no_message_of_ours_is_refused(is_streamed: bool) -> None:
    """Some answer whole, whatever they were asked: what its client never gets is not paid for."""
    content = "x" * (WHOLE_BYTES_MAX + 1)
    whole = json.dumps({"object": "chat.completion", "choices": [{"message": {"content": content}}]})
    response: Any = SimpleNamespace(iter_bytes=lambda: _pieces(whole.encode()))
    stream = OpenAIChatStream(response, call(is_streamed=is_streamed, tokens_max=16_000_000))
    with pytest.raises(ChatRefused):
        await drained(stream)
    assert stream.answer() is None


async def test_what_it_costs_us_is_told_to_nobody() -> None:
    """Neither beside the count nor to whoever asks again; a text of it is a text."""
    word = {"choices": [{"index": 0, "delta": {"content": '"cost": 1'}, "finish_reason": "stop"}]}
    counts = {"prompt_tokens": 9, "completion_tokens": 4}
    ours = {"cost": 0.0123, "cost_details": {"upstream_inference_cost": 0.01}, "cost_in_usd_ticks": 7}
    passed_on: list[bytes] = []
    stream = OpenAIChatStream(said(word, {"choices": [], "usage": counts | ours}), call(wants_usage=True))
    await drained(stream, passed_on)
    assert [json.loads(chunk) for chunk in passed_on] == [word, {"choices": [], "usage": counts}]
    answer = stream.answer()
    assert answer is not None
    assert (answer.completion["usage"], answer.usage.total) == (counts, 13)


async def test_an_event_that_is_no_chunk_is_left_out() -> None:
    """Whoever reads chunks can't make anything of it."""
    passed_on: list[bytes] = []
    await drained(OpenAIChatStream(said("ping", WORD, [1], 7), call()), passed_on)
    assert [json.loads(chunk) for chunk in passed_on] == [WORD]


def said(*chunks: Any) -> Any:
    """An answer that is a stream of these, and of its end."""
    lines = [*(f"data: {json.dumps(chunk)}" for chunk in chunks), "data: [DONE]", ""]
    return SimpleNamespace(iter_bytes=lambda: _pieces("\n\n".join(lines).encode()))


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@pytest.mark.parametrize("marker", ["[[cut]]", "[[answer:error_event]]", "[[answer:no_done]]"])
async def test_a_stream_that_breaks_leaves_what_came(caller: OpenAICaller, marker: str) -> None:
    """It is told, and half an answer is half an answer."""
    async with caller.chat(call(f"{marker}{PROMPT}")) as stream:
        with pytest.raises(ChatBroken):
            await drained(stream)
        answer = stream.answer()
    assert answer is not None
    assert (answer.run.incomplete, answer.usage.is_counted_by_us) == (Incomplete.BROKEN_OFF, True)
    assert answer.usage.completion_tokens > 0


async def drained(stream: ChatStream, into: list[bytes] | None = None) -> None:
    """Read to the end."""
    async for chunk in stream.chunks():
        if into is not None:
            into.append(chunk)


@pytest.mark.parametrize(
    ("marker", "is_retryable"),
    [
        ("[[fail:429]]", True),
        ("[[fail:500]]", True),
        ("[[fail:401]]", True),
        ("[[fail:400]]", False),
        ("[[answer:error_body]]", True),
    ],
)
@pytest.mark.parametrize("is_streamed", [True, False])
async def test_what_does_not_begin_is_refused(
    caller: OpenAICaller, marker: str, is_retryable: bool, is_streamed: bool
) -> None:
    """And whether another may be asked is said."""
    with pytest.raises(ChatRefused) as refused:
        async with caller.chat(call(f"{marker}{PROMPT}", is_streamed=is_streamed)) as stream:
            await drained(stream)
    assert refused.value.report.retryable is is_retryable


@pytest.mark.parametrize("marker", ["[[answer:no_max_tokens]]", "[[answer:no_stream_options]]"])
async def test_a_server_that_refuses_what_we_add_is_asked_without(caller: OpenAICaller, marker: str) -> None:
    """Its client said neither."""
    _, answer = await heard(caller, call(f"{marker}{PROMPT}"))
    assert answer.completion["choices"][0]["finish_reason"] == "stop"


async def test_a_server_that_answers_whole_is_passed_on_as_a_chunk(caller: OpenAICaller) -> None:
    """Whatever it was asked."""
    (chunk,), answer = await heard(caller, call(f"[[answer:whole_json]]{PROMPT}"))
    assert chunk["object"] == "chat.completion.chunk"
    assert chunk["choices"][0]["delta"]["content"] == await text(answer.run.outputs[0])


async def test_a_server_that_does_not_end_is_read_no_further(caller: OpenAICaller) -> None:
    """Than any tokenizer could mean by the limit."""
    chunks, answer = await heard(caller, call(f"[[answer:endless]]{PROMPT}", tokens_max=10))
    assert len(chunks) < 200_000
    assert answer.run.incomplete is Incomplete.LENGTH
    assert answer.usage.completion_tokens == 10


async def test_leaving_closes_the_connection(caller: OpenAICaller) -> None:
    """In the middle; the next call is answered."""
    async with caller.chat(call("[[answer:hang_halfway]]tin plates")) as stream:
        chunks = stream.chunks()
        while stream.answer() is None:
            await anext(chunks)
    await heard(caller, call())


@dataclass
class Server:
    """A provider of one sentence; it may keep a connection open after it."""

    lingers: bool
    connections: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other."""
        self.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                (length,) = re.findall(rb"content-length: (\d+)", head.lower())
                await reader.readexactly(int(length))
                chunk = {"choices": [{"index": 0, "delta": {"content": "Tin."}, "finish_reason": "stop"}]}
                events = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
                writer.write(f"Transfer-Encoding: chunked\r\n\r\n{len(events):x}\r\n{events}\r\n".encode())
                await writer.drain()
                if self.lingers:
                    await reader.read()
                # On its own, as many servers send it.
                await asyncio.sleep(0)
                writer.write(b"0\r\n\r\n")
        writer.close()


@pytest.mark.parametrize("lingers", [False, True])
async def test_a_connection_is_used_again(lingers: bool) -> None:
    """By the next stream; a server that keeps one open after the end is not waited for."""
    server = Server(lingers)
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    fetch = GuardedClient(allow_loopback=True, size_bytes_max=1_000)
    calling = OpenAICaller(base_url=f"http://127.0.0.1:{port}/v1", api_key="k", fetch=fetch, timeout_s=30)
    async with asyncio.timeout(20):
        for _ in range(3):
            chunks, _ = await heard(calling, call())
            assert len(chunks) == 1
    assert server.connections == (3 if lingers else 1)
    await calling.close()
    await fetch.close()
    listening.close()
