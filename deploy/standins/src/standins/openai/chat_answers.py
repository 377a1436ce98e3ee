"""The streams that servers give besides the right one: their chunks, as deltas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from starlette.responses import JSONResponse, Response

from standins.openai.choices import Choice
from standins.openai.conversation import ChatRequest
from standins.openai.errors import OpenAIError
from standins.openai.obedience import unknown_answer

# An endless stream ends in the end: nobody who reads so much will stop by himself.
ENDLESS_CHUNKS_MAX = 200_000
GRIN_HALVES = ("\ud83d", "\ude00")
ERROR = {"error": {"message": "The model crashed.", "type": "server_error", "param": None, "code": None}}


class UnknownField(OpenAIError):
    """A refusal in FastAPI's words: no envelope, a list of what is wrong."""

    def __init__(self, name: str, *, status: int) -> None:
        super().__init__("Extra inputs are not permitted", status=status)
        self._name = name

    def response(self, headers: Mapping[str, str]) -> Response:
        """Render the `{"detail": [...]}` list."""
        problem = {"type": "extra_forbidden", "loc": ["body", self._name], "msg": str(self)}
        return JSONResponse({"detail": [problem]}, status_code=self.status, headers=dict(headers))


@dataclass(frozen=True)
class Script:
    """What a stream says, and how it ends."""

    deltas: Iterator[dict[str, Any]]
    finish_reason: str | None
    error: dict[str, Any] | None = None
    usage: bool = True
    done: bool = True
    hangs: bool = False


def refuse_parameters(asked: ChatRequest, answer: str | None) -> None:
    """Refuse what some servers refuse, each in its own way. Raises OpenAIError."""
    if answer == "no_max_tokens" and asked.max_tokens is not None:
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead."
        )
        raise OpenAIError(message, param="max_tokens", code="unsupported_parameter")
    if answer in ("no_stream_options", "no_stream_options_400") and asked.stream_options is not None:
        status = 400 if answer.endswith("400") else 422
        raise UnknownField("stream_options", status=status)


def script(answer: str | None, choice: Choice) -> Script:
    """Return the stream that a name stands for. Raises OpenAIError."""
    tokens, finish_reason, texts = choice.tokens, choice.finish_reason, choice.deltas()
    half = ({"content": token} for token in tokens[: len(tokens) // 2])
    match answer:
        case None | "no_max_tokens" | "no_stream_options" | "no_stream_options_400":
            return Script(texts, finish_reason)
        case "endless":
            said = cycle(tokens)
            return Script(({"content": next(said)} for _ in range(ENDLESS_CHUNKS_MAX)), "stop")
        case "split_emoji":
            return Script(iter({"content": piece} for piece in (*tokens, *GRIN_HALVES)), finish_reason)
        case "half_emoji":
            return Script(iter({"content": piece} for piece in (*tokens, GRIN_HALVES[0])), finish_reason)
        case "part_lists":
            parts = ({"content": [{"type": "text", "text": token}]} for token in tokens)
            return Script(parts, finish_reason)
        case "reasoning_only":
            return Script(({"reasoning_content": token} for token in tokens), "length")
        case "content_filter":
            return Script(half, "content_filter")
        case "error_event":
            return Script(half, None, error=ERROR)
        case "hang_halfway":
            return Script(half, None, usage=False, done=False, hangs=True)
        case "error_first":
            return Script(iter(()), None, error=ERROR)
        case "no_usage":
            return Script(texts, finish_reason, usage=False)
        case "no_done":
            return Script(texts, None, usage=False, done=False)
        case "nothing":
            return Script(iter(()), "stop")
        case _:
            raise unknown_answer(answer)
