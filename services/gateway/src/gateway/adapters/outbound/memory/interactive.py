"""Jobs that begin in the call, in memory: they say and show what a test wrote."""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.domain.chat import ChatAccepted, ChatChunk, ChatEnded, ChatEvent, NewChat
from gateway.domain.errors import Conflict
from gateway.domain.generation import Failure, GenerationStatus, NewGeneration
from gateway.domain.identifiers import AccountId, GenerationId
from gateway.domain.preview import PictureTokens, Preview, PreviewEvent, PreviewsAccepted, PreviewsOver


@dataclass
class MemoryInteractiveGenerations:
    """Implements InteractiveGenerations over MemoryGenerations; a job costs what its model's input costs."""

    generations: MemoryGenerations
    chunks: list[dict[str, Any]] = field(default_factory=list)
    """What comes of a chat whose answer is streamed."""
    answer: dict[str, Any] | None = None
    """What comes of one whose answer is not."""
    failure: Failure | None = None
    """Why nothing comes."""
    broken_off: Failure | None = None
    refusal: Exception | None = None
    """Raised before anything runs."""
    crash: Exception | None = None
    """Raised after the chunks."""
    comes_together: bool = False
    """Whether all chunks are there at once."""
    pause: asyncio.Event | None = None
    """Waited for after the chunks."""
    asked: list[NewChat] = field(default_factory=list)
    taken: int = 0
    """Chunks that somebody asked for."""
    left: list[GenerationId] = field(default_factory=list)
    """Chats whose client left."""
    previews: list[bytes] | None = None
    """What a picture looks like before it is whole; None: nobody shows anything here."""
    tokens: PictureTokens | None = None
    preview_refusal: Exception | None = None
    """Raised before anything is created."""
    preview_crash: Exception | None = None
    """Raised once they were shown."""
    previews_asked: list[int] = field(default_factory=list)
    previews_taken: int = 0
    """Previews that somebody asked for the next one of."""
    previews_open: int = 0
    """Calls in which something is shown."""
    _known: dict[tuple[AccountId, str], tuple[NewChat, GenerationId, bytes | None]] = field(
        default_factory=dict
    )

    async def run(self, account_id: AccountId, new: NewChat) -> AsyncGenerator[ChatEvent, None]:
        """See InteractiveGenerations."""
        self.asked.append(new)
        if self.refusal is not None:
            raise self.refusal
        # One that nobody knows is asked again by nobody.
        key = new.idempotency_key or secrets.token_hex(16)
        job = NewGeneration(
            model_id=new.model_id,
            input={"prompt": new.chat.decode()[:1000]},
            metadata=new.metadata,
            idempotency_key=key,
            key=new.key,
        )
        made, replayed = await self.generations.create(account_id, job)
        if replayed and not made.status.is_final:
            raise Conflict("It is running.", reason="GENERATION_RUNNING")
        if replayed:
            yield ChatAccepted(generation=made)
            _, _, kept = self._known[account_id, key]
            if kept is not None:
                yield ChatChunk(content=kept)
            yield ChatEnded(generation=made)
            return
        has_ended = False
        try:
            yield ChatAccepted(generation=made)
            parts = self.chunks if new.is_streamed else [self.answer] if self.answer else []
            contents = [json.dumps(part).encode() for part in parts if not self.failure]
            for content, *further in (
                filter(None, [contents]) if self.comes_together else ([content] for content in contents)
            ):
                self.taken += 1 + len(further)
                yield ChatChunk(content=content, further=further)
            if self.pause is not None:
                await self.pause.wait()
            if self.crash is not None:
                raise self.crash
            has_ended = True
            status = GenerationStatus.FAILED if self.failure else GenerationStatus.SUCCEEDED
            ended = self.generations.finish(made.generation_id, status, failure=self.failure)
            kept = json.dumps(self.answer).encode() if self.answer else None
            self._known[account_id, key] = (new, made.generation_id, kept)
            yield ChatEnded(generation=ended, broken_off=self.broken_off)
        finally:
            if not has_ended:
                self.left.append(made.generation_id)
                self.generations.finish(made.generation_id, GenerationStatus.CANCELLED)

    async def preview(
        self, account_id: AccountId, new: NewGeneration, *, previews_max: int
    ) -> AsyncGenerator[PreviewEvent, None]:
        """See InteractiveGenerations."""
        self.previews_asked.append(previews_max)
        if self.preview_refusal is not None:
            raise self.preview_refusal
        if self.previews is None:
            raise Conflict("Nobody shows it.", reason="PREVIEWS_NOT_OFFERED")
        made, replayed = await self.generations.create(account_id, new)
        self.previews_open += 1
        try:
            yield PreviewsAccepted(generation=made, is_replayed=replayed)
            for index, content in enumerate([] if replayed else self.previews):
                yield Preview(index=index, content=content, media_type="image/webp", width=64, height=32)
                self.previews_taken += 1
            if self.pause is not None:
                await self.pause.wait()
            if self.preview_crash is not None:
                raise self.preview_crash
            yield PreviewsOver(tokens=None if replayed else self.tokens)
        finally:
            self.previews_open -= 1
