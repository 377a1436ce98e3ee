"""A chat.completion, put together of the chunks of a stream."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generation.adapters.outbound.providers.openai.answers import told_in
from generation.adapters.outbound.providers.openai.transcript import text_of

# Chunks are folded together in heaps of this size: one by one they would cost more than passing them on does.
HEAP_BYTES = 64 * 1024
# What the tokens were likely to be is many times the text; past this it is not kept.
LOGPROBS_BYTES_MAX = 2 * 1024 * 1024
HEAD = ("id", "created", "model", "service_tier", "system_fingerprint")
REASONING = ("reasoning_content", "reasoning")
# More than this come from no request of ours.
CHOICES_MAX, CALLS_MAX = 8, 256


@dataclass
class Call:
    """A tool that is to be called, as it grows."""

    # Its id and type, as they were told last.
    told: dict[str, str] = field(default_factory=lambda: {"id": "", "type": "function"})
    # Its name and arguments, in the pieces that they came in.
    function: dict[str, list[str]] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """As a message has it."""
        return {**self.told, "function": {name: "".join(pieces) for name, pieces in self.function.items()}}


@dataclass
class Choice:
    """One of the answers, as it grows."""

    # Texts by the name that they have in the message: content, refusal, reasoning_content, ...
    texts: dict[str, list[str]] = field(default_factory=dict)
    calls: dict[int, Call] = field(default_factory=dict)
    logprobs: list[Any] = field(default_factory=list)
    finish_reason: str | None = None

    @property
    def text(self) -> str:
        """What is stored of it: its text, else the calls that it asks for."""
        if content := "".join(self.texts.get("content", ())):
            return content
        if self.calls:
            return json.dumps(self.tool_calls, ensure_ascii=False)
        return "".join(self.texts.get("refusal", ()))

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        """What it asks for, in order."""
        return [call.document for _, call in sorted(self.calls.items())]

    @property
    def message(self) -> dict[str, Any]:
        """The assistant's message."""
        said = {name: "".join(pieces) for name, pieces in self.texts.items()}
        said.setdefault("refusal", "")
        return {
            "role": "assistant",
            **said,
            "content": said.get("content") or None,
            "refusal": said["refusal"] or None,
            **({"tool_calls": self.tool_calls} if self.calls else {}),
        }


@dataclass
class Completion:
    """Takes chunks, or whole answers, and trusts the shape of neither."""

    head: dict[str, Any] = field(default_factory=dict)
    choices: dict[int, Choice] = field(default_factory=dict)
    usage: Mapping[str, Any] | None = None
    # Of every kind, pieces and bytes: what there is to count where the provider did not.
    pieces: list[str] = field(default_factory=list)
    said_bytes: int = 0
    # Not every server counts it as part of the answer.
    reasoning_bytes: int = 0
    _logprobs_bytes: int = 0
    _heap: list[bytes] = field(default_factory=list)
    _heap_bytes: int = 0

    def take(self, chunk: bytes) -> None:
        """Add one; it is looked into later."""
        self._heap.append(chunk)
        self._heap_bytes += len(chunk)
        if self._heap_bytes > HEAP_BYTES:
            self.fold()

    def fold(self) -> None:
        """Look into what was added since."""
        heap, self._heap, self._heap_bytes = self._heap, [], 0
        for chunk in heap:
            self._fold(told_in(chunk))

    @property
    def has_said_something(self) -> bool:
        """Whether a choice has anything in it, or has ended without."""
        self.fold()
        return any(choice.texts or choice.calls or choice.finish_reason for choice in self.choices.values())

    @property
    def document(self) -> dict[str, Any]:
        """The chat.completion, without usage where nobody told it."""
        self.fold()
        return {
            "object": "chat.completion",
            **self.head,
            "choices": [
                {
                    "index": place,
                    "message": choice.message,
                    "logprobs": {"content": choice.logprobs} if choice.logprobs else None,
                    "finish_reason": choice.finish_reason,
                }
                for place, choice in sorted(self.choices.items())
            ],
            **({"usage": self.usage} if self.usage else {}),
        }

    def _fold(self, chunk: Mapping[str, Any]) -> None:
        for name in HEAD:
            if name not in self.head and chunk.get(name) is not None:
                self.head[name] = chunk[name]
        if isinstance(chunk.get("usage"), Mapping):
            self.usage = chunk["usage"]
        told = chunk.get("choices")
        for choice in told if isinstance(told, list) else ():
            place = choice.get("index", 0) if isinstance(choice, Mapping) else -1
            if isinstance(place, int) and 0 <= place < CHOICES_MAX:
                self._fold_choice(self.choices.setdefault(place, Choice()), choice)

    def _fold_choice(self, choice: Choice, told: Mapping[str, Any]) -> None:
        if isinstance(told.get("finish_reason"), str):
            choice.finish_reason = told["finish_reason"]
        logprobs = told.get("logprobs")
        if isinstance(logprobs, Mapping) and isinstance(logprobs.get("content"), list):
            self._logprobs_bytes += len(json.dumps(logprobs["content"]))
            choice.logprobs += logprobs["content"]
            if self._logprobs_bytes > LOGPROBS_BYTES_MAX:
                for each in self.choices.values():
                    each.logprobs = []
        said = told.get("delta") or told.get("message")
        for name, value in said.items() if isinstance(said, Mapping) else ():
            if name == "tool_calls" and isinstance(value, list):
                for number, call in enumerate(value):
                    self._fold_call(choice, call, number)
            elif name != "role" and (text := text_of(value)):
                choice.texts.setdefault(name, []).append(text)
                self._count(text, is_reasoning=name in REASONING)

    def _fold_call(self, choice: Choice, told: Any, number: int) -> None:
        if not isinstance(told, Mapping):
            return
        place = told.get("index", number)
        if not isinstance(place, int) or not 0 <= place < CALLS_MAX:
            return
        call = choice.calls.setdefault(place, Call())
        for name in ("id", "type"):
            if isinstance(told.get(name), str):
                call.told[name] = told[name]
        function = told.get("function")
        for name in ("name", "arguments"):
            piece = function.get(name) if isinstance(function, Mapping) else None
            if isinstance(piece, str):
                call.function.setdefault(name, []).append(piece)
                self._count(piece)

    def _count(self, piece: str, *, is_reasoning: bool = False) -> None:
        self.pieces.append(piece)
        size_bytes = len(piece.encode(errors="replace"))
        if is_reasoning:
            self.reasoning_bytes += size_bytes
        else:
            self.said_bytes += size_bytes
