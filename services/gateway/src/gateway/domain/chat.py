"""Chats that run in the call itself, as they begin, go on and end."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.domain.api_key import KeyGrant
from gateway.domain.generation import Document, Failure, Generation
from gateway.domain.identifiers import ModelId


@dataclass(frozen=True, kw_only=True)
class NewChat:
    """What a client asks for."""

    model_id: ModelId
    chat: bytes
    """A chat completion request as JSON, without `model` and `stream`."""
    is_streamed: bool
    """Whether its answer comes in chunks; otherwise it comes as one."""
    idempotency_key: str | None
    """The client's own; None: nobody asks for this chat again, and its whole answer is kept for nobody."""
    metadata: Document
    provider_order: tuple[str, ...] = ()
    key: KeyGrant | None = None
    """The API key that asks; None for a person."""


@dataclass(frozen=True, kw_only=True)
class ChatAccepted:
    """First: its credits are reserved."""

    generation: Generation


@dataclass(frozen=True, kw_only=True)
class ChatChunk:
    """A part of the answer, or all of it, as JSON; and the parts after it that are there as well."""

    content: bytes
    further: Sequence[bytes] = ()


@dataclass(frozen=True, kw_only=True)
class ChatEnded:
    """Last: how it ended, with what was charged."""

    generation: Generation
    broken_off: Failure | None = None
    """Why the answer is only a beginning."""


ChatEvent = ChatAccepted | ChatChunk | ChatEnded
