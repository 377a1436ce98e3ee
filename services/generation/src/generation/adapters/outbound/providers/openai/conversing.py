"""Chats that are passed on as they come: bytes go through, and nothing is made of a chunk on its way."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from openai import APIStatusError, AsyncAPIResponse, AsyncOpenAI, OpenAIError

from generation.adapters.outbound.inline import InlineOutput
from generation.adapters.outbound.providers.openai.answers import DONE, content, data_of, told_in
from generation.adapters.outbound.providers.openai.completion import Completion
from generation.adapters.outbound.providers.openai.dialects import Dialect, Dialects
from generation.adapters.outbound.providers.openai.failures import (
    AnswerBroken,
    failed,
    failed_body,
    unreadable,
)
from generation.adapters.outbound.providers.openai.transcript import (
    BYTES_PER_TOKEN_LONGEST,
    BYTES_PER_TOKEN_MAX,
    REASONING_BYTES_MAX,
    is_count,
    joined,
    tokens_in,
)
from generation.domain.output import Incomplete
from generation.domain.token_usage import TokenUsage
from generation.ports.chat_provider import ChatAnswer, ChatBroken, ChatCall, ChatRefused
from generation.ports.media_provider import RunReport, RunState

# What travels in one message of ours.
WHOLE_BYTES_MAX = 12 * 1024 * 1024
LIMITS = ("max_completion_tokens", "max_tokens")
log = structlog.get_logger(__name__)


class OpenAIChatStream:
    """One answer; what it says is put together when somebody asks for it."""

    def __init__(self, response: AsyncAPIResponse[Any], call: ChatCall) -> None:
        self._response = response
        self._call = call
        self._completion = Completion()
        self._is_done = False
        self._is_cut = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """See ChatStream."""
        has_begun = False
        try:
            async for sent in self._events() if self._call.is_streamed else self._whole():
                self._refuse_errors(sent, has_begun=has_begun)
                chunk = _without_cost(sent)
                self._completion.take(chunk)
                if not self._is_usage_alone(chunk) or self._call.wants_usage:
                    has_begun = True
                    yield chunk
                if self._is_past_its_limit:
                    log.warning("answer not read to its end", model=self._call.model)
                    self._is_cut = True
                    return
        except OpenAIError as error:
            report = failed(error)
            raise (ChatBroken(report) if has_begun else ChatRefused(report)) from error
        if not has_begun:
            raise ChatRefused(unreadable("the provider answered without an answer"))
        if self._call.is_streamed and not self._is_done and not self._has_finished:
            raise ChatBroken(failed(AnswerBroken("the stream ended before the answer did")))

    def answer(self) -> ChatAnswer | None:
        """See ChatStream."""
        completion = self._completion
        completion.fold()
        if not completion.has_said_something and not completion.usage:
            # Many begin with a chunk that says who speaks, and nothing else.
            return None
        usage = self._usage()
        texts = [joined([choice.text]) for _, choice in sorted(completion.choices.items())]
        return ChatAnswer(
            run=RunReport(
                RunState.SUCCEEDED,
                1.0,
                tuple(InlineOutput(text.encode()) for text in texts if text),
                usage_units=usage.total,
                incomplete=self._incomplete(),
            ),
            completion=completion.document,
            usage=usage,
        )

    async def _events(self) -> AsyncIterator[bytes]:
        async for event in data_of(self._response):
            if event == DONE:
                self._is_done = True
                return
            if not event.lstrip().startswith(b"{"):
                # Some say that they are still there by an event that is no chunk.
                continue
            if len(event) > WHOLE_BYTES_MAX:
                raise AnswerBroken(f"a part of the answer is larger than {WHOLE_BYTES_MAX} bytes")
            yield _as_chunk(event) if b'"chat.completion"' in event[:4096] else bytes(event)

    async def _whole(self) -> AsyncIterator[bytes]:
        answer = await content(self._response)
        if len(answer) > WHOLE_BYTES_MAX:
            raise AnswerBroken(f"the answer is larger than {WHOLE_BYTES_MAX} bytes")
        if not isinstance(told_in(answer).get("choices"), list) and b'"error"' not in answer:
            return
        yield answer

    def _refuse_errors(self, chunk: bytes, *, has_begun: bool) -> None:
        """Raise for a chunk that is an error; most chunks have no such word.

        Some bring an empty choice with it. What it says is for operators.
        """
        if b'"error"' not in chunk:
            return
        told = told_in(chunk)
        if told.get("error"):
            report = failed_body(told["error"])
            raise ChatBroken(report) if has_begun else ChatRefused(report)

    def _is_usage_alone(self, chunk: bytes) -> bool:
        if b'"usage"' not in chunk or b'"usage":null' in chunk or b'"usage": null' in chunk:
            return False
        told = told_in(chunk)
        return told.get("choices") == [] and isinstance(told.get("usage"), Mapping)

    @property
    def _is_past_its_limit(self) -> bool:
        """Whether the server takes no notice of the limit: more came than any tokenizer could mean."""
        completion, tokens_max = self._completion, self._call.choices * self._call.tokens_max
        many = len(completion.pieces) > tokens_max
        return (
            (many and completion.said_bytes > tokens_max * BYTES_PER_TOKEN_LONGEST)
            or completion.said_bytes > tokens_max * BYTES_PER_TOKEN_MAX
            or completion.reasoning_bytes > REASONING_BYTES_MAX
        )

    @property
    def _has_finished(self) -> bool:
        self._completion.fold()
        choices = self._completion.choices.values()
        return bool(choices) and all(choice.finish_reason for choice in choices)

    def _usage(self) -> TokenUsage:
        told = self._completion.usage or {}
        asked, answered = told.get("prompt_tokens"), told.get("completion_tokens")
        if is_count(asked) and is_count(answered) and asked + answered > 0:
            return TokenUsage(asked, answered, is_counted_by_us=False)
        most = self._call.choices * self._call.tokens_max
        return TokenUsage(
            self._call.prompt_tokens, min(most, tokens_in(self._completion.pieces)), is_counted_by_us=True
        )

    def _incomplete(self) -> Incomplete | None:
        reasons = [choice.finish_reason for choice in self._completion.choices.values()]
        if self._is_cut or "length" in reasons:
            return Incomplete.LENGTH
        return None if all(reasons) else Incomplete.BROKEN_OFF


@asynccontextmanager
async def conversing(
    client: AsyncOpenAI, call: ChatCall, dialects: Dialects
) -> AsyncIterator[OpenAIChatStream]:
    """Ask; a server that refuses a parameter of ours is asked again without it, as `write_text` does."""
    dialect = dialects.of(call.model)
    while True:
        asking = client.chat.completions.with_streaming_response.create(
            model=call.model, messages=[], stream=call.is_streamed, extra_body=_body(call, dialect)
        )
        try:
            response = await asking.__aenter__()
        except APIStatusError as error:
            # It was refused before anything was made: asking again buys nothing twice.
            other = dialect.adapted(error)
            if other is None or (other.limit_name != dialect.limit_name and _names_limit(call)):
                raise _refused(error) from error
            dialect = other
        except OpenAIError as error:
            raise _refused(error) from error
        else:
            break
    dialects.learn(call.model, dialect)
    try:
        yield OpenAIChatStream(response, call)
    finally:
        await asking.__aexit__(None, None, None)


def _refused(error: OpenAIError) -> ChatRefused:
    return ChatRefused(failed(error))


def _names_limit(call: ChatCall) -> bool:
    """Whether the request says which limit it means by itself: then it is its own word that counts."""
    return "max_completion_tokens" in call.document


def _body(call: ChatCall, dialect: Dialect) -> dict[str, Any]:
    body = dict(call.document)
    if "max_tokens" in body and "max_completion_tokens" not in body:
        body[dialect.limit_name] = body.pop("max_tokens")
    if call.is_streamed and dialect.asks_for_usage:
        body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
    return body


def _without_cost(chunk: bytes) -> bytes:
    """Return it without what some providers say beside the count: what it costs us is for operators alone."""
    if b'"cost' not in chunk:
        return chunk
    told = told_in(chunk)
    usage = told.get("usage")
    if not isinstance(usage, Mapping) or not any(name.startswith("cost") for name in usage):
        return chunk
    counts = {name: value for name, value in usage.items() if not name.startswith("cost")}
    return json.dumps({**told, "usage": counts}, separators=(",", ":")).encode()


def _as_chunk(event: bytearray) -> bytes:
    """Return a whole answer, which some servers send whatever was asked, as the only chunk of a stream."""
    told = told_in(event)
    if told.get("object") != "chat.completion" or not isinstance(told.get("choices"), list):
        return bytes(event)
    choices = [
        {
            **{name: value for name, value in choice.items() if name != "message"},
            "delta": choice.get("message"),
        }
        for choice in told["choices"]
        if isinstance(choice, Mapping)
    ]
    return json.dumps({**told, "object": "chat.completion.chunk", "choices": choices}).encode()
