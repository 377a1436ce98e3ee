"""The Responses API over chats: what goes in, what comes out, and what is refused."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from gateway.adapters.inbound.openai.response_input import chat_of
from gateway.adapters.inbound.openai.response_output import ResponseWriter
from gateway.adapters.outbound.memory.interactive import MemoryInteractiveGenerations
from gateway.adapters.outbound.memory.models import _model
from gateway.domain.errors import InvalidRequest
from gateway.domain.generation import Failure, Modality
from gateway_world import Door
from openai_world import assert_error, enter_openai

RESPONSES = "/openai/v1/responses"
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
TOOL = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": True}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"a":1}'}}


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """A part of an answer."""
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("asked", "chat"),
    [
        ({"input": "Hi"}, {"messages": [{"role": "user", "content": "Hi"}]}),
        (
            {"input": "Hi", "instructions": "Be kind.", "max_output_tokens": 5, "temperature": 0.5},
            {
                "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}],
                "max_completion_tokens": 5,
                "temperature": 0.5,
            },
        ),
        (
            {
                "input": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "input_text", "text": "What is it?"},
                            {"type": "input_image", "image_url": "data:image/png;base64,aa", "detail": "low"},
                        ],
                    },
                    {"type": "reasoning", "id": "r", "summary": []},
                    {
                        "type": "message",
                        "role": "assistant",
                        "content": [{"type": "output_text", "text": "Wait."}],
                    },
                    {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
                    {"type": "function_call", "call_id": "c2", "name": "g", "arguments": "{}"},
                    {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
                ]
            },
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "What is it?"},
                            {
                                "type": "image_url",
                                "image_url": {"url": "data:image/png;base64,aa", "detail": "low"},
                            },
                        ],
                    },
                    {
                        "role": "assistant",
                        "content": [{"type": "text", "text": "Wait."}],
                        "tool_calls": [
                            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                            {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                        ],
                    },
                    {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
                ]
            },
        ),
        (
            {
                "input": "Hi",
                "tools": [TOOL],
                "tool_choice": {"type": "function", "name": "weather"},
                "reasoning": {"effort": "low"},
                "text": {"format": {"type": "json_schema", "name": "n", "schema": {}, "strict": True}},
                "store": False,
                "include": [],
                "previous_response_id": None,
                "truncation": "disabled",
                "top_logprobs": 2,
            },
            {
                "messages": [{"role": "user", "content": "Hi"}],
                "tools": [
                    {
                        "type": "function",
                        "function": {"name": "weather", "parameters": {"type": "object"}, "strict": True},
                    }
                ],
                "tool_choice": {"type": "function", "function": {"name": "weather"}},
                "reasoning_effort": "low",
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": {}, "strict": True},
                },
                "top_logprobs": 2,
                "logprobs": True,
            },
        ),
        (
            {"input": "Hi", "text": {"format": {"type": "text"}}, "tool_choice": "none"},
            {"messages": [{"role": "user", "content": "Hi"}], "tool_choice": "none"},
        ),
    ],
)
def test_a_request_is_a_chat(asked: dict[str, Any], chat: dict[str, Any]) -> None:
    """Each item and each field has its place there."""
    assert chat_of(asked) == chat


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"store": True}, "store"),
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"truncation": "auto"}, "truncation"),
        ({"include": ["reasoning.encrypted_content"]}, "include"),
        ({"surprise": 1}, "surprise"),
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"tools": "all"}, "tools"),
        ({"tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"text": "json"}, "text"),
        ({"input": [{"type": "item_reference", "id": "1"}]}, "input"),
        ({"input": ["Hi"]}, "input"),
        ({"input": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "input"),
        ({"input": [{"role": "user", "content": 7}]}, "input"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]}, "input"),
    ],
)
def test_what_is_no_chat(asked: dict[str, Any], field: str) -> None:
    """It is refused by the field's name."""
    with pytest.raises(InvalidRequest) as refused:
        chat_of({"input": "Hi", **asked})
    assert refused.value.fields[0].field == field


def written(chunks: Sequence[dict[str, Any]]) -> tuple[ResponseWriter, list[Any]]:
    """A response and all of its events."""
    writer = ResponseWriter("gen_1", model="m", created_at=1, asked={})
    events = [*writer.begin()]
    for part in chunks:
        events += writer.take(part)
    return writer, [*events, *writer.complete({"credits_charged": 2})]


def test_text_grows() -> None:
    """Each event has its place and its number, and the last one has the whole."""
    _, events = written(
        [chunk({"content": "Hel"}), chunk({"content": "lo."}, "stop"), {"choices": [], "usage": USAGE}]
    )
    assert [event["type"].removeprefix("response.") for event in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for event in events] == list(range(10))
    response = events[-1]["response"]
    (message,) = response["output"]
    assert (message["content"][0]["text"], message["status"]) == ("Hello.", "completed")
    assert response["status"] == "completed"
    assert (response["usage"]["input_tokens"], response["usage"]["output_tokens"]) == (9, 2)
    assert response["tintype"] == {"credits_charged": 2}
    assert events[2]["item"]["content"] == []


def test_a_text_may_come_in_parts() -> None:
    """Some providers send a list; thoughts among them are no text."""
    parts = [{"type": "thinking", "thinking": [{"text": "Hm."}]}, {"type": "text", "text": "Hello."}, "?"]
    _, events = written([chunk({"content": parts}), chunk({"content": 7}), chunk({"content": []}, "stop")])
    ((message,),) = [event["response"]["output"] for event in events[-1:]]
    assert message["content"][0]["text"] == "Hello."


def test_calls_grow() -> None:
    """Two calls side by side are two items; their arguments come in pieces."""
    first = {"index": 0, "id": "c0", "function": {"name": "f", "arguments": ""}}
    second = {"index": 1, "id": "c1", "function": {"name": "g", "arguments": "{}"}}
    _, events = written(
        [
            chunk({"tool_calls": [first]}),
            chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}, second]}),
            chunk({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}, "tool_calls"),
        ]
    )
    calls = events[-1]["response"]["output"]
    assert [(call["call_id"], call["name"], call["arguments"]) for call in calls] == [
        ("c0", "f", '{"a":1}'),
        ("c1", "g", "{}"),
    ]
    deltas = [event for event in events if event["type"] == "response.function_call_arguments.delta"]
    assert [(event["output_index"], event["delta"]) for event in deltas] == [
        (0, '{"a":'),
        (1, "{}"),
        (0, "1}"),
    ]


def test_an_answer_that_is_cut() -> None:
    """It says why."""
    _, events = written([chunk({"content": "Hel"}, "length")])
    assert events[-1]["type"] == "response.incomplete"
    assert events[-1]["response"]["incomplete_details"] == {"reason": "max_output_tokens"}


@pytest.fixture
async def ada(door: Door) -> Door:
    """Ada's program."""
    await enter_openai(door)
    door.world.generations.ends_at_once = None
    door.world.generations.more_models.append(_model("chat", Modality.TEXT, "token", 2))
    message = {"role": "assistant", "content": "Hello.", "tool_calls": [CALL]}
    chats = door.world.interactive
    chats.answer = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": USAGE}
    chats.chunks = [chunk({"content": "Hello."}, "stop"), {"choices": [], "usage": USAGE}]
    return door


@pytest.fixture
def chats(ada: Door) -> MemoryInteractiveGenerations:
    """Who answers."""
    return ada.world.interactive


async def respond(door: Door, **more: Any) -> httpx.Response:
    """Ask for a response."""
    return await door.http.post(RESPONSES, json={"model": "local/chat", "input": "Say hello.", **more})


async def test_a_response(ada: Door, chats: MemoryInteractiveGenerations) -> None:
    """Its text and its calls are the chat's, and it cost what a chat costs."""
    said = await respond(ada, metadata={"album": "birds"}, tools=[TOOL])
    assert said.status_code == 200, said.text
    body = said.json()
    (job,) = ada.world.generations.jobs.values()
    assert (body["id"], body["model"], body["store"]) == (job.generation_id, "local/chat", False)
    message, call = body["output"]
    assert message["content"][0]["text"] == "Hello."
    assert (call["call_id"], call["arguments"]) == ("call_1", '{"a":1}')
    assert body["usage"]["total_tokens"] == 11
    assert said.headers["x-tintype-credits-charged"] == "2"
    assert chats.asked[0].metadata == {"album": "birds"}


async def test_events(ada: Door, chats: MemoryInteractiveGenerations) -> None:
    """Each is named as its data says; the usage is asked for, and the end says what it cost."""
    said = await respond(ada, stream=True)
    assert said.headers["content-type"].startswith("text/event-stream")
    pairs = [event.split("\n") for event in said.text.strip().split("\n\n")]
    events = [json.loads(text.removeprefix("data: ")) for _, text in pairs]
    assert [name.removeprefix("event: ") for name, _ in pairs] == [event["type"] for event in events]
    assert events[-1]["response"]["tintype"]["credits_charged"] == 2
    assert events[-1]["response"]["usage"]["total_tokens"] == 11
    assert json.loads(chats.asked[0].chat)["stream_options"] == {"include_usage": True}


async def test_one_that_breaks_off(ada: Door, chats: MemoryInteractiveGenerations) -> None:
    """The last event says that it failed; before the first word it is a status."""
    chats.broken_off = Failure(reason="PROVIDER_FAILED", detail="it broke")
    said = await respond(ada, stream=True)
    last = json.loads(said.text.strip().split("\n\n")[-1].split("\n")[1].removeprefix("data: "))
    assert (last["type"], last["response"]["error"]["code"]) == ("response.failed", "generation_failed")
    chats.failure, chats.broken_off = chats.broken_off, None
    for stream in (True, False):
        assert_error(await respond(ada, stream=stream), 502, "generation_failed")


async def test_what_is_refused_is_not_run(ada: Door, chats: MemoryInteractiveGenerations) -> None:
    """What is stored elsewhere can't be gone on with here."""
    before = ada.state()
    refused = await respond(ada, previous_response_id="resp_1")
    assert_error(refused, 400, "unsupported_parameter", "previous_response_id")
    assert_error(await respond(ada, input=7), 400, "invalid_request", "input")
    assert (chats.asked, ada.state()) == ([], before)
