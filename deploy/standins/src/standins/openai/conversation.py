"""The parameters of a chat completion."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from standins.openai.errors import OpenAIError

REASONING_MODELS = re.compile(r"^(?:o\d|gpt-[5-9])")


class TextPart(BaseModel):
    """A part of a message; only text counts."""

    model_config = ConfigDict(extra="allow")
    type: str
    text: str = ""


class Message(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(extra="allow")
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[TextPart] | None = None

    @property
    def pictures(self) -> int:
        """How many pictures are shown with it."""
        parts = self.content if isinstance(self.content, list) else []
        return sum(part.type == "image_url" for part in parts)

    def text(self) -> str:
        """Return what the message says."""
        if isinstance(self.content, list):
            return " ".join(part.text for part in self.content if part.text)
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream carries besides the text."""

    model_config = ConfigDict(extra="allow")
    include_usage: bool = False


class Function(BaseModel):
    """What a model may ask to be called."""

    model_config = ConfigDict(extra="allow")
    name: Annotated[str, Field(min_length=1, max_length=64)]
    parameters: dict[str, Any] = Field(default_factory=dict)


class Tool(BaseModel):
    """A function, as it is offered or chosen."""

    model_config = ConfigDict(extra="allow")
    type: Literal["function"]
    function: Function


class ResponseFormat(BaseModel):
    """In which form the reply is wanted."""

    model_config = ConfigDict(extra="allow")
    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None


class ChatRequest(BaseModel):
    """The parameters that matter here; sampling parameters are accepted and change nothing."""

    model_config = ConfigDict(extra="allow")
    model: str
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    n: Annotated[int, Field(ge=1, le=8)] | None = 1
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: str | Tool | None = None
    response_format: ResponseFormat | None = None
    logprobs: bool | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None


def check(asked: ChatRequest) -> None:
    """Refuse parameters that do not go together."""
    if asked.max_tokens is not None and REASONING_MODELS.match(asked.model):
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead."
        )
        raise OpenAIError(message, param="max_tokens", code="unsupported_parameter")
    if asked.stream_options is not None and not asked.stream:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise OpenAIError(message, param="stream_options")
