"""`POST /v1/chat/completions`."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standins.openai import markers
from standins.openai.answering import EventStream, event, json_answer, parsed
from standins.openai.chat_answers import ERROR, Script, refuse_parameters, script
from standins.openai.choices import Choice, choices_of, logprobs_of
from standins.openai.conversation import ChatRequest, check
from standins.openai.markers import Instructions
from standins.openai.models import require
from standins.openai.obedience import HANG_S, Obedience
from standins.openai.settings import OpenAISettings
from standins.openai.tokens import token_count

TOKENS_OF_A_MESSAGE = 4
TOKENS_OF_A_PICTURE = 85


@dataclass(frozen=True)
class Completion:
    """A finished reply."""

    id: str
    created: int
    model: str
    choices: list[Choice]
    prompt_tokens: int
    wants_logprobs: bool

    def usage(self) -> dict[str, Any]:
        """Return what the reply cost."""
        tokens = sum(len(choice.tokens) for choice in self.choices)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": tokens,
            "total_tokens": self.prompt_tokens + tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }


class Chat:
    """Replies to conversations."""

    def __init__(self, settings: OpenAISettings, obedience: Obedience) -> None:
        self.settings = settings
        self.obedience = obedience

    async def complete(self, request: Request) -> Response:
        """Answer with the whole reply, or stream it token by token."""
        asked = parsed(request, ChatRequest)
        require(asked.model, self.settings.chat_models)
        said = " ".join(message.text() for message in asked.messages)
        instructions = self.obedience.instructions(said, "chat")
        check(asked)
        refuse_parameters(asked, instructions.answer)
        await self.obedience.obey(instructions)
        last = next((told for told in reversed(asked.messages) if told.role == "user"), asked.messages[-1])
        completion = _completion(asked, markers.read(last.text()).prompt, words=instructions.words)
        self.obedience.bill(said)
        if instructions.answer == "error_body":
            return JSONResponse(ERROR)
        if not asked.stream or instructions.answer == "whole_json":
            return json_answer(_whole(completion), cut=instructions.cut)
        told = script(instructions.answer, completion.choices[0])
        include_usage = asked.stream_options is not None and asked.stream_options.include_usage
        return EventStream(
            self._stream(completion, told, instructions, include_usage=include_usage),
            cut=instructions.cut,
        )

    async def _stream(
        self, completion: Completion, told: Script, asked: Instructions, *, include_usage: bool
    ) -> AsyncIterator[bytes]:
        pace_s = self.settings.chunk_delay_s if asked.pace_s is None else asked.pace_s
        blank = {"usage": None} if include_usage else {}
        yield event({**_chunk(completion, {"role": "assistant", "content": "", "refusal": None}), **blank})
        for place, delta in enumerate(told.deltas):
            if asked.cut and place == len(completion.choices[0].tokens) // 2:
                return
            yield event({**_chunk(completion, delta), **blank})
            await asyncio.sleep(pace_s)
        if told.hangs:
            await asyncio.sleep(HANG_S)
        if told.error is not None:
            yield event(told.error)
            return
        if told.finish_reason is not None:
            yield event({**_chunk(completion, {}, finish_reason=told.finish_reason), **blank})
        for place, choice in enumerate(completion.choices[1:], start=1):
            for delta in ({"role": "assistant", "content": ""}, *choice.deltas()):
                yield event({**_chunk(completion, delta, place=place), **blank})
            ended = _chunk(completion, {}, place=place, finish_reason=choice.finish_reason)
            yield event({**ended, **blank})
        if include_usage and told.usage:
            yield event({**_chunk(completion, {}), "choices": [], "usage": completion.usage()})
        if told.done:
            yield b"data: [DONE]\n\n"


def _completion(asked: ChatRequest, prompt: str, *, words: int | None) -> Completion:
    return Completion(
        id=f"chatcmpl-{secrets.token_urlsafe(21)}",
        created=int(time.time()),
        model=asked.model,
        choices=choices_of(asked, prompt, words=words),
        prompt_tokens=sum(
            token_count(message.text()) + TOKENS_OF_A_MESSAGE + TOKENS_OF_A_PICTURE * message.pictures
            for message in asked.messages
        ),
        wants_logprobs=bool(asked.logprobs),
    )


def _whole(completion: Completion) -> dict[str, Any]:
    choices = [
        {
            "index": place,
            "message": choice.message(),
            "logprobs": _logprobs(choice.tokens) if completion.wants_logprobs else None,
            "finish_reason": choice.finish_reason,
        }
        for place, choice in enumerate(completion.choices)
    ]
    return {**_head(completion, "chat.completion"), "choices": choices, "usage": completion.usage()}


def _chunk(
    completion: Completion, delta: dict[str, Any], *, place: int = 0, finish_reason: str | None = None
) -> dict[str, Any]:
    said = delta.get("content")
    logprobs = logprobs_of(said) if completion.wants_logprobs and isinstance(said, str) and said else None
    choice = {"index": place, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
    return {**_head(completion, "chat.completion.chunk"), "choices": [choice]}


def _logprobs(tokens: list[str]) -> dict[str, Any]:
    return {"content": [each for token in tokens for each in logprobs_of(token)["content"]], "refusal": None}


def _head(completion: Completion, kind: str) -> dict[str, Any]:
    return {
        "id": completion.id,
        "object": kind,
        "created": completion.created,
        "model": completion.model,
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
    }
