"""The chunks of a chat as a response of the Responses API, and as the events by which it grows: pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.domain.generation import Document

# Why a chat stopped before its end, in the words of responses.
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ResponseWriter:
    """One response; `begin`, then `take` each chunk, then `complete` or `fail` return the events to send."""

    def __init__(self, response_id: str, *, model: str, created_at: int, asked: Mapping[str, Any]) -> None:
        self._sequence = 0
        self._output: list[dict[str, Any]] = []
        self._calls: dict[int, int] = {}
        """Where in the output each call of a tool is, by its number in the chat."""
        self._text_at: int | None = None
        self._incomplete: str | None = None
        self._response: dict[str, Any] = {
            "id": response_id,
            "object": "response",
            "created_at": created_at,
            "status": "in_progress",
            "error": None,
            "incomplete_details": None,
            "instructions": asked.get("instructions"),
            "max_output_tokens": asked.get("max_output_tokens"),
            "model": model,
            "output": [],
            "parallel_tool_calls": asked.get("parallel_tool_calls", True),
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None, **(asked.get("reasoning") or {})},
            "store": False,
            "temperature": asked.get("temperature"),
            "text": asked.get("text") or {"format": {"type": "text"}},
            "tool_choice": asked.get("tool_choice", "auto"),
            "tools": asked.get("tools") or [],
            "top_p": asked.get("top_p"),
            "truncation": "disabled",
            "usage": None,
            "user": asked.get("user"),
            "metadata": asked.get("metadata") or {},
        }

    @property
    def response(self) -> Document:
        """The response as it is by now."""
        return {**self._response, "output": [dict(item) for item in self._output]}

    def begin(self) -> Iterator[Document]:
        """Say that it has begun."""
        yield self._event("response.created", response=self.response)
        yield self._event("response.in_progress", response=self.response)

    def take(self, chunk: Mapping[str, Any]) -> Iterator[Document]:
        """Add a part of the answer."""
        if usage := chunk.get("usage"):
            self._response["usage"] = _usage(usage)
        for choice in chunk.get("choices", ())[:1]:
            delta = choice.get("delta") or {}
            if text := _text(delta.get("content")) or _text(delta.get("refusal")):
                yield from self._add_text(text)
            for place, call in enumerate(delta.get("tool_calls") or ()):
                yield from self._add_call(call.get("index", place), call)
            if reason := choice.get("finish_reason"):
                self._incomplete = _INCOMPLETE.get(reason)

    def complete(self, charge: Document) -> Iterator[Document]:
        """Say that it is whole, or as whole as it gets, and what it cost."""
        for place, item in enumerate(self._output):
            yield from self._done(place, item)
        status = "incomplete" if self._incomplete else "completed"
        details = {"reason": self._incomplete} if self._incomplete else None
        self._response |= {"status": status, "incomplete_details": details, "tintype": charge}
        yield self._event(f"response.{status}", response=self.response)

    def fail(self, code: str, message: str) -> Iterator[Document]:
        """Say that it broke off."""
        self._response |= {"status": "failed", "error": {"code": code, "message": message}}
        yield self._event("response.failed", response=self.response)

    def _add_text(self, text: str) -> Iterator[Document]:
        if self._text_at is None:
            self._text_at = len(self._output)
            part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            message = {"type": "message", "id": self._item_id("msg"), "status": "in_progress"}
            yield self._added({**message, "role": "assistant", "content": []})
            self._output[self._text_at]["content"] = [part]
            yield self._of_text("response.content_part.added", part=dict(part))
        self._output[self._text_at]["content"][0]["text"] += text
        yield self._of_text("response.output_text.delta", delta=text, logprobs=[])

    def _add_call(self, number: int, call: Mapping[str, Any]) -> Iterator[Document]:
        function = call.get("function") or {}
        if number not in self._calls:
            self._calls[number] = len(self._output)
            item = {"type": "function_call", "id": self._item_id("fc"), "status": "in_progress"}
            named = {"call_id": call.get("id"), "name": function.get("name"), "arguments": ""}
            yield self._added({**item, **named})
        place = self._calls[number]
        if arguments := function.get("arguments"):
            self._output[place]["arguments"] += arguments
            yield self._of(place, "response.function_call_arguments.delta", delta=arguments)

    def _done(self, place: int, item: dict[str, Any]) -> Iterator[Document]:
        item["status"] = "incomplete" if self._incomplete else "completed"
        if item["type"] == "message":
            (part,) = item["content"]
            yield self._of_text("response.output_text.done", text=part["text"], logprobs=[])
            yield self._of_text("response.content_part.done", part=dict(part))
        else:
            said = {"arguments": item["arguments"], "name": item["name"]}
            yield self._of(place, "response.function_call_arguments.done", **said)
        yield self._event("response.output_item.done", output_index=place, item=dict(item))

    def _added(self, item: dict[str, Any]) -> Document:
        self._output.append(item)
        return self._event("response.output_item.added", output_index=len(self._output) - 1, item=dict(item))

    def _of_text(self, kind: str, **said: Any) -> Document:
        return self._of(self._text_at or 0, kind, content_index=0, **said)

    def _of(self, place: int, kind: str, **said: Any) -> Document:
        return self._event(kind, item_id=self._output[place]["id"], output_index=place, **said)

    def _event(self, kind: str, **said: Any) -> Document:
        event = {"type": kind, "sequence_number": self._sequence, **said}
        self._sequence += 1
        return event

    def _item_id(self, kind: str) -> str:
        return f"{kind}_{self._response['id']}_{len(self._output)}"


def _text(content: Any) -> str:
    """Return what a message says: a text, or the texts among its parts, as some providers have it."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return "".join(text for text in texts if isinstance(text, str))


def _usage(usage: Mapping[str, Any]) -> Document:
    taken, given = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
    thought = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens", 0)
    return {
        "input_tokens": taken,
        "input_tokens_details": {"cached_tokens": cached or 0},
        "output_tokens": given,
        "output_tokens_details": {"reasoning_tokens": thought or 0},
        "total_tokens": usage.get("total_tokens", taken + given),
    }
