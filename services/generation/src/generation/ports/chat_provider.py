"""Who holds chats in the call itself."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from generation.domain.token_usage import TokenUsage
from generation.ports.media_provider import RunReport


class ChatBroken(Exception):
    """The answer began and did not end. `report` says how it counts against the provider."""

    def __init__(self, report: RunReport) -> None:
        super().__init__(report.failure.detail if report.failure else "the answer broke off")
        self.report = report


class ChatRefused(Exception):
    """Nothing came; `report.retryable` says whether another may be asked."""

    def __init__(self, report: RunReport) -> None:
        super().__init__(report.failure.detail if report.failure else "the chat was refused")
        self.report = report


@dataclass(frozen=True, kw_only=True)
class ChatCall:
    """What a provider is asked: `document` is a chat completion request without `model` and `stream`."""

    model: str
    document: Mapping[str, Any] = field(repr=False)
    is_streamed: bool
    # Whether the chunk that holds nothing but the usage is passed on.
    wants_usage: bool
    choices: int
    tokens_max: int
    # Counts where the provider does not: what was sent, in tokens.
    prompt_tokens: int


@dataclass(frozen=True, kw_only=True)
class ChatAnswer:
    """What came, whole or not: `run` has a text for each choice that has any, and counts its tokens."""

    run: RunReport
    # The chat.completion, put together of its chunks where it was streamed.
    completion: Mapping[str, Any] = field(repr=False)
    usage: TokenUsage


class ChatStream(Protocol):
    """An answer as it comes. What is read slowly is sent slowly."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield what the provider sent, each a JSON object; the whole answer where it is not streamed.

        Raises ChatRefused before the first one, and ChatBroken after it.
        """
        ...

    def answer(self) -> ChatAnswer | None:
        """Return what came by now; None while there is nothing of an answer."""
        ...


@runtime_checkable
class ChatProvider(Protocol):
    """A provider that is `interactive`."""

    def chat(self, call: ChatCall) -> AbstractAsyncContextManager[ChatStream]:
        """Ask; leaving the context stops the provider. Raises ChatRefused, on entering it."""
        ...
