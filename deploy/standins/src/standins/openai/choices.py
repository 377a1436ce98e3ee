"""The replies to one request: texts, JSON, or calls of tools."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from standins.openai.conversation import ChatRequest, Function
from standins.openai.reply import compose
from standins.openai.tokens import tokens_of

LOGPROB = -0.25
_VALUES: dict[str, Any] = {
    "string": "tin",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "array": [],
    "null": None,
}


@dataclass(frozen=True)
class Choice:
    """One reply: its tokens are those of its text, or of the arguments of the call that it asks for."""

    tokens: list[str]
    finish_reason: str
    function: str | None = None
    call_id: str = ""

    def deltas(self) -> Iterator[dict[str, Any]]:
        """Yield it piece by piece."""
        if self.function is None:
            yield from ({"content": token} for token in self.tokens)
            return
        begun = {"id": self.call_id, "type": "function", "function": {"name": self.function, "arguments": ""}}
        yield {"tool_calls": [{"index": 0, **begun}]}
        for token in self.tokens:
            yield {"tool_calls": [{"index": 0, "function": {"arguments": token}}]}

    def message(self) -> dict[str, Any]:
        """Return it whole."""
        text = "".join(self.tokens)
        said: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
        if self.function is not None:
            called = {"name": self.function, "arguments": text}
            call = {"id": self.call_id, "type": "function", "function": called}
            said |= {"content": None, "tool_calls": [call]}
        return said


def choices_of(asked: ChatRequest, prompt: str, *, words: int | None) -> list[Choice]:
    """Return as many replies as were asked for, each of them another, and the same for the same request."""
    limit = asked.max_completion_tokens or asked.max_tokens
    function = _called(asked)
    found = []
    for number in range(asked.n or 1):
        reply = compose(f"{prompt} ({number + 1})" if number else prompt, words=words)
        if function is not None:
            reply = json.dumps(_instance(function.parameters))
        elif asked.response_format is not None and asked.response_format.type == "json_object":
            reply = json.dumps({"reply": reply})
        elif asked.response_format is not None and asked.response_format.type == "json_schema":
            reply = json.dumps(_instance((asked.response_format.json_schema or {}).get("schema", {})))
        tokens = tokens_of(reply)
        is_long = limit is not None and limit < len(tokens)
        ends = "length" if is_long else "tool_calls" if function else "stop"
        name = function.name if function else None
        found.append(Choice(tokens[:limit], ends, name, f"call_{secrets.token_hex(12)}" if name else ""))
    return found


def logprobs_of(token: str) -> dict[str, Any]:
    """Return how likely a token was, which is always the same."""
    likely = {"token": token, "logprob": LOGPROB, "bytes": list(token.encode(errors="replace"))}
    return {"content": [{**likely, "top_logprobs": []}], "refusal": None}


def _called(asked: ChatRequest) -> Function | None:
    """Return the tool that is called: the chosen one, else the first, once after each word of a user's."""
    if not asked.tools or asked.tool_choice == "none":
        return None
    if asked.tool_choice in (None, "auto") and asked.messages[-1].role != "user":
        return None
    offered = [tool.function for tool in asked.tools]
    if asked.tool_choice is None or isinstance(asked.tool_choice, str):
        return offered[0]
    chosen = asked.tool_choice.function.name
    return next((function for function in offered if function.name == chosen), offered[0])


def _instance(schema: dict[str, Any]) -> Any:
    """Return something small of a schema."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type", "object") == "object":
        return {name: _instance(each) for name, each in schema.get("properties", {}).items()}
    return _VALUES.get(str(schema["type"]), "tin")
