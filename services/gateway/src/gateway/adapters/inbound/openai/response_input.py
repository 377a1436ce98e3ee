"""Requests of the Responses API as chats: pure. What a chat has no word for is refused by its name."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.generation import Document

# Fields that mean the same in a chat.
_SAME = (
    "temperature",
    "top_p",
    "parallel_tool_calls",
    "top_logprobs",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "service_tier",
    "seed",
)
# Fields that are taken where they ask for nothing: what is answered is not kept here to be gone on with.
_NOTHING: Mapping[str, tuple[Any, ...]] = {
    "store": (False,),
    "previous_response_id": (),
    "conversation": (),
    "background": (False,),
    "prompt": (),
    "include": ([],),
    "truncation": ("disabled",),
    "max_tool_calls": (),
    "stream_options": ({},),
}
_KNOWN = frozenset(
    {"input", "instructions", "tools", "tool_choice", "max_output_tokens", "text", "reasoning"}
)


def chat_of(asked: Mapping[str, Any]) -> Document:
    """Return the chat that a request asks for; raises InvalidRequest, naming the field."""
    chat: dict[str, Any] = {"messages": _messages(asked)}
    for name, value in asked.items():
        if name in _SAME:
            if value is not None:
                chat[name] = value
        elif name not in _KNOWN and value is not None and value not in _NOTHING.get(name, ()):
            raise _unsupported(name)
    if (most := asked.get("max_output_tokens")) is not None:
        chat["max_completion_tokens"] = most
    if asked.get("top_logprobs"):
        chat["logprobs"] = True
    if effort := _object(asked, "reasoning").get("effort"):
        chat["reasoning_effort"] = effort
    wanted = _object(asked, "text")
    if wanted.get("verbosity"):
        chat["verbosity"] = wanted["verbosity"]
    if (how := wanted.get("format")) and how.get("type") != "text":
        chat["response_format"] = _format(how)
    if tools := asked.get("tools"):
        chat["tools"] = [_tool(tool) for tool in _list(tools, "tools")]
    if (choice := asked.get("tool_choice")) is not None:
        chat["tool_choice"] = _choice(choice)
    return chat


def _messages(asked: Mapping[str, Any]) -> list[Document]:
    told = asked.get("input")
    instructions = asked.get("instructions")
    messages: list[dict[str, Any]] = [{"role": "system", "content": instructions}] if instructions else []
    if isinstance(told, str):
        return [*messages, {"role": "user", "content": told}]
    for part in _list(told, "input"):
        if not isinstance(part, Mapping):
            raise _refused("input", "must be a text or a list of items")
        match part.get("type", "message"):
            case "message":
                messages.append({"role": part.get("role"), "content": _content(part.get("content"))})
            case "function_call":
                call = {
                    "id": part.get("call_id"),
                    "type": "function",
                    "function": {"name": part.get("name"), "arguments": part.get("arguments")},
                }
                _add_call(messages, call)
            case "function_call_output":
                output = _content(part.get("output"))
                messages.append({"role": "tool", "tool_call_id": part.get("call_id"), "content": output})
            case "reasoning":
                # Ours have none; another's thoughts mean nothing to the model that is asked now.
                continue
            case other:
                raise _refused("input", f"an item of type {str(other)[:40]} can't be taken")
    return list(messages)


def _add_call(messages: list[dict[str, Any]], call: Document) -> None:
    """Add a call to the message that it was made in: calls that were made together are one message."""
    if messages and messages[-1]["role"] == "assistant":
        messages[-1] = {**messages[-1], "tool_calls": [*messages[-1].get("tool_calls", ()), call]}
    else:
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})


def _content(content: Any) -> Any:
    if isinstance(content, str):
        return content
    return [_part(part) for part in _list(content, "input")]


def _part(part: Any) -> Document:
    kind = part.get("type") if isinstance(part, Mapping) else None
    match kind:
        case "input_text" | "output_text" | "text":
            return {"type": "text", "text": part.get("text")}
        case "refusal":
            return {"type": "text", "text": part.get("refusal")}
        case "input_image" if part.get("image_url"):
            detail = {"detail": part["detail"]} if part.get("detail") else {}
            return {"type": "image_url", "image_url": {"url": part["image_url"], **detail}}
        case "input_file" if part.get("file_data"):
            return {"type": "file", "file": {k: part[k] for k in ("filename", "file_data") if k in part}}
        case _:
            raise _refused("input", f"content of type {str(kind)[:40]} can't be taken")


def _tool(tool: Any) -> Document:
    if not isinstance(tool, Mapping) or tool.get("type") != "function":
        raise _refused("tools", "only functions can be called")
    names = ("name", "description", "parameters", "strict")
    return {"type": "function", "function": {k: tool[k] for k in names if tool.get(k) is not None}}


def _choice(choice: Any) -> Any:
    if isinstance(choice, str):
        return choice
    if isinstance(choice, Mapping) and choice.get("type") == "function":
        return {"type": "function", "function": {"name": choice.get("name")}}
    raise _refused("tool_choice", "must be auto, none, required or a function")


def _format(how: Mapping[str, Any]) -> Document:
    if how.get("type") == "json_schema":
        names = ("name", "description", "schema", "strict")
        return {"type": "json_schema", "json_schema": {k: how[k] for k in names if how.get(k) is not None}}
    return {"type": how.get("type")}


def _object(asked: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = asked.get(name) or {}
    if not isinstance(value, Mapping):
        raise _refused(name, "must be an object")
    return value


def _list(value: Any, name: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise _refused(name, "must be a list")
    return value


def _unsupported(name: str) -> InvalidRequest:
    detail = "it is not taken here: docs/openai.md says what is"
    return InvalidRequest(detail, reason="UNSUPPORTED_PARAMETER", fields=[FieldProblem(name, detail)])


def _refused(name: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, reason="UNSUPPORTED_VALUE", fields=[FieldProblem(name, detail)])
