"""A chat completion request: what of it is understood, and the most that it can use."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from generation.domain.counting import TEMPLATE_TOKENS_MAX, Unit
from generation.domain.errors import InvalidInput, Violation
from generation.domain.model import Modality, Model
from generation.domain.passed_on import fields_not_passed_on, passed_on

CHAT_BYTES_MAX = 8 * 1024 * 1024
MESSAGES_MAX, PARTS_MAX, IMAGES_MAX, TOOLS_MAX = 2_048, 1_024, 64, 256
CHOICES_MAX = 8
FIELDS_NAMED_MAX, FIELD_SHOWN_MAX = 20, 64
# No shipped provider counts more for a picture, whatever its size; the low detail is a fixed, small number.
IMAGE_TOKENS_MAX, SMALL_IMAGE_TOKENS_MAX = 2_048, 256
NUL = "\x00"
# The library shows the last question; the whole conversation is not kept.
PROMPT_LENGTH_MAX = 4_000
ADDRESSES = ("https://", "http://", "data:image/")
LIMITS = ("max_completion_tokens", "max_tokens")
# Tools that the caller runs. What a provider runs by itself, a search, it is paid for by the piece.
TOOLS = ("function", "custom")
# Parts whose tokens can be told: by their own bytes, or as a picture. Of a film at an address nobody knows.
PARTS = ("text", "image_url", "refusal", "thinking", "input_audio", "file")
TIERS = (None, "auto", "default", "flex")


@dataclass(frozen=True, kw_only=True)
class Chat:
    """A request that may be sent to a provider as `document` is, once it is told the model."""

    document: Mapping[str, Any]
    choices: int
    # Of one choice.
    tokens_max: int
    prompt_tokens_max: int
    # The last that its user said, as far as it is kept.
    prompt: str
    wants_usage: bool

    @property
    def units(self) -> int:
        """The most tokens that it can use."""
        return self.prompt_tokens_max + self.choices * self.tokens_max

    @property
    def kept(self) -> dict[str, Any]:
        """What the job's input says of it."""
        kept: dict[str, Any] = {"prompt": self.prompt, "max_tokens": self.tokens_max}
        return kept | ({"output_count": self.choices} if self.choices > 1 else {})

    @property
    def texts(self) -> list[str]:
        """What was written into it, by whomever."""
        return [text for message in self.document["messages"] for text in _texts(message.get("content"))]


def read_chat(sent: bytes, model: Model, *, is_streamed: bool) -> Chat:
    """Return what was sent. Raises InvalidInput with every field that is wrong."""
    refuse_other_models(model)
    document = _document(sent)
    limit = model.input_schema["properties"]["max_tokens"]
    if problems := list(_problems(document, tokens_max=limit["maximum"], is_streamed=is_streamed)):
        raise InvalidInput(problems[:20])
    asked = [document[name] for name in LIMITS if document.get(name) is not None]
    tokens_max = max(asked, default=min(limit.get("default", limit["maximum"]), limit["maximum"]))
    images = list(_images(document))
    # A token is never shorter than a byte; a picture's address is no text.
    text_bytes = len(sent) - sum(len(image["url"]) for image in images)
    return Chat(
        document=passed_on(document if asked else {**document, "max_tokens": tokens_max}),
        choices=document.get("n") or 1,
        tokens_max=tokens_max,
        prompt_tokens_max=max(0, text_bytes)
        + TEMPLATE_TOKENS_MAX
        + sum(
            SMALL_IMAGE_TOKENS_MAX if image.get("detail") == "low" else IMAGE_TOKENS_MAX for image in images
        ),
        prompt=_prompt(document)[:PROMPT_LENGTH_MAX],
        wants_usage=bool((document.get("stream_options") or {}).get("include_usage")),
    )


def refuse_other_models(model: Model) -> None:
    """Raise InvalidInput for a model that no chat is held with."""
    properties = model.input_schema.get("properties", {})
    chats = model.modality is Modality.TEXT and model.category == "chat" and "max_tokens" in properties
    if not chats or model.tariff.unit is not Unit.TOKEN:
        raise InvalidInput([Violation("model_id", "is not a model that chats")])


def _document(sent: bytes) -> dict[str, Any]:
    if len(sent) > CHAT_BYTES_MAX:
        raise InvalidInput([Violation("chat", f"is larger than {CHAT_BYTES_MAX // 1024**2} MiB")])
    try:
        document = json.loads(sent.decode(), parse_constant=_refuse_constant)
        # Half a character, or a number that is none, could be sent to nobody.
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidInput([Violation("chat", "is not JSON in UTF-8")]) from error
    if not isinstance(document, dict):
        raise InvalidInput([Violation("chat", "is not a JSON object")])
    return document


def _refuse_constant(constant: str) -> float:
    raise ValueError(constant)


def _problems(document: Mapping[str, Any], *, tokens_max: int, is_streamed: bool) -> Iterator[Violation]:
    for name in ("model", "stream"):
        if name in document:
            yield Violation(f"chat.{name}", "is said beside the chat, not in it")
    for name in islice(fields_not_passed_on(document), FIELDS_NAMED_MAX):
        yield Violation(f"chat.{name[:FIELD_SHOWN_MAX]}", "is not passed on: it is no word of the model's")
    if document.get("modalities") not in (None, ["text"]):
        yield Violation("chat.modalities", 'must be ["text"]')
    if document.get("service_tier") not in TIERS:
        yield Violation("chat.service_tier", "must be auto, default or flex")
    for name, highest in (*((name, tokens_max) for name in LIMITS), ("n", CHOICES_MAX)):
        if (number := document.get(name)) is not None and not _is_between(number, 1, highest):
            yield Violation(f"chat.{name}", f"must be a whole number from 1 to {highest}")
    options = document.get("stream_options")
    if options is not None and not isinstance(options, dict):
        yield Violation("chat.stream_options", "must be an object")
    elif options is not None and not is_streamed:
        yield Violation("chat.stream_options", "is for streams alone")
    for name in ("tools", "functions"):
        if (tools := document.get(name)) is not None and not _is_list_of_objects(tools, TOOLS_MAX):
            yield Violation(f"chat.{name}", f"must be a list of at most {TOOLS_MAX} objects")
        elif name == "tools" and any(tool.get("type") not in TOOLS for tool in tools or ()):
            yield Violation("chat.tools", f"must each be of type {' or '.join(TOOLS)}")
    yield from _problems_of_messages(document.get("messages"))


def _problems_of_messages(messages: Any) -> Iterator[Violation]:
    if not messages or not _is_list_of_objects(messages, MESSAGES_MAX):
        yield Violation("chat.messages", f"must be a list of 1 to {MESSAGES_MAX} objects")
        return
    images = parts = 0
    for place, message in enumerate(messages):
        field, role, content = f"chat.messages[{place}]", message.get("role"), message.get("content")
        if not isinstance(role, str) or not 1 <= len(role) <= 64:
            yield Violation(f"{field}.role", "must be a text of 1 to 64 characters")
        if isinstance(content, list):
            parts += len(content)
            for number, part in enumerate(content[:PARTS_MAX]):
                images += isinstance(part, dict) and part.get("type") == "image_url"
                yield from _problems_of_part(f"{field}.content[{number}]", part)
        elif not isinstance(content, str | None):
            yield Violation(f"{field}.content", "must be a text or a list of parts")
        elif content and NUL in content:
            yield Violation(f"{field}.content", "has a NUL character")
    for count, most, what in ((images, IMAGES_MAX, "pictures"), (parts, PARTS_MAX, "parts")):
        if count > most:
            yield Violation("chat.messages", f"must have at most {most} {what}")


def _problems_of_part(field: str, part: Any) -> Iterator[Violation]:
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        yield Violation(field, "must be an object with a type")
    elif part["type"] not in PARTS:
        yield Violation(f"{field}.type", f"must be one of {', '.join(PARTS)}")
    elif not isinstance(text := part.get("text"), str if part["type"] == "text" else str | None):
        yield Violation(f"{field}.text", "must be a text")
    elif text and NUL in text:
        yield Violation(f"{field}.text", "has a NUL character")
    elif part["type"] == "file" and not _is_inline(part.get("file")):
        yield Violation(f"{field}.file", "must be a file in the chat itself, as file_data")
    elif part["type"] == "image_url":
        image = part.get("image_url")
        address = image.get("url") if isinstance(image, dict) else None
        if not isinstance(address, str) or not address.startswith(ADDRESSES):
            yield Violation(f"{field}.image_url.url", "must be an http address, or a data URL of a picture")


def _is_inline(file: Any) -> bool:
    """Whether a file is in the chat: what is elsewhere has as many tokens as it likes."""
    if not isinstance(file, dict) or file.get("file_id") is not None:
        return False
    content = file.get("file_data")
    return isinstance(content, str) and not content.startswith(ADDRESSES[:2])


def _images(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for message in document["messages"]:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if part["type"] == "image_url":
                yield part["image_url"]


def _prompt(document: Mapping[str, Any]) -> str:
    said = [message for message in document["messages"] if message.get("role") == "user"]
    return "\n".join(_texts((said or document["messages"])[-1].get("content")))


def _texts(content: Any) -> list[str]:
    parts = [content] if isinstance(content, str) else content or ()
    texts = (part if isinstance(part, str) else part.get("text") for part in parts)
    return [text for text in texts if isinstance(text, str) and text.strip()]


def _is_between(value: Any, lowest: int, highest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def _is_list_of_objects(value: Any, most: int) -> bool:
    return isinstance(value, list) and len(value) <= most and all(isinstance(each, dict) for each in value)
