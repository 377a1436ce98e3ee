"""Takes outputs in, through a temporary file unless they are small: bounded, hashed, sniffed and decoded."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from generation.adapters.outbound import thumbnails
from generation.adapters.outbound.inspection_process import inspect_apart
from generation.adapters.outbound.local_files import (
    TooLong,
    hash_of,
    temporary_folder,
    write_probe,
    written,
)
from generation.adapters.outbound.media_inspection import MediaFacts, inspect, inspect_text
from generation.domain.model import Modality
from generation.ports.media_intake import OutputUnusable, ReceivedMedia
from generation.ports.media_provider import RunOutput

DECODED_AT_ONCE = 2
# A text of so many bytes is held: a folder and a file for it cost more than all else that is done with it.
HELD_BYTES_MAX = 8 * 1024


@dataclass(frozen=True)
class FileIntake:
    """`size_bytes_max` bounds a file; decoding runs in processes of its own, a few at a time."""

    size_bytes_max: int
    folder: Path | None = None
    decoded_at_once: int = DECODED_AT_ONCE

    @cached_property
    def _decoding(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self.decoded_at_once)

    @asynccontextmanager
    async def receive(self, output: RunOutput, *, modality: Modality) -> AsyncIterator[ReceivedMedia]:
        content = output.stream()
        if modality is Modality.TEXT:
            head, is_all = await _head_of(content)
            if is_all:
                yield self._held(head)
                return
            content = _joined(head, content)
        with temporary_folder(self.folder) as folder:
            path = folder / "output"
            size_bytes, sha256 = await self._write(content, path)
            small = folder / "thumbnail"
            facts = await self._inspect(path, modality, small)
            yield described(path, facts, size_bytes=size_bytes, sha256=sha256, thumbnail=small)

    async def check(self) -> None:
        # A busy disk is waited for elsewhere, for the folder too.
        await asyncio.to_thread(self._probe)

    def _probe(self) -> None:
        with temporary_folder(self.folder) as folder:
            write_probe(folder / "probe")

    async def _inspect(self, path: Path, modality: Modality, thumbnail: Path) -> MediaFacts:
        if modality is Modality.TEXT:
            return inspect(path, modality=modality)
        async with self._decoding:
            return await inspect_apart(path, modality=modality, thumbnail=thumbnail)

    def _held(self, content: bytes) -> ReceivedMedia:
        if len(content) > self.size_bytes_max:
            raise OutputUnusable(f"the file is larger than {self.size_bytes_max} bytes")
        if not content:
            raise OutputUnusable("the file is empty")
        facts = inspect_text(content)
        return ReceivedMedia(
            content=content,
            media_type=facts.media_type,
            extension=facts.extension,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )

    async def _write(self, content: AsyncIterator[bytes], path: Path) -> tuple[int, str]:
        try:
            size_bytes, sha256 = await written(content, path, size_bytes_max=self.size_bytes_max)
        except TooLong as long:
            raise OutputUnusable(str(long)) from long
        if not size_bytes:
            raise OutputUnusable("the file is empty")
        return size_bytes, sha256


async def _head_of(content: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """Read until there is more than is held; return what came, and whether that was all."""
    head = bytearray()
    async for piece in content:
        head += piece
        if len(head) > HELD_BYTES_MAX:
            return bytes(head), False
    return bytes(head), True


async def _joined(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for piece in rest:
        yield piece


def described(
    path: Path, facts: MediaFacts, *, size_bytes: int, sha256: str, thumbnail: Path
) -> ReceivedMedia:
    """Return a file that was looked into, with the small picture that was drawn of it."""
    return ReceivedMedia(
        path=path,
        media_type=facts.media_type,
        extension=facts.extension,
        size_bytes=size_bytes,
        sha256=sha256,
        width=facts.width,
        height=facts.height,
        duration_s=facts.duration_s,
        thumbnail=_thumbnail_of(thumbnail, facts),
        blurhash=facts.blurhash,
    )


def _thumbnail_of(path: Path, facts: MediaFacts) -> ReceivedMedia | None:
    """Return the small picture that was drawn; None where there is none, or it can't be read."""
    if facts.thumbnail is None:
        return None
    try:
        size_bytes, sha256 = hash_of(path)
    except OSError:
        return None
    return ReceivedMedia(
        path=path,
        media_type=thumbnails.MEDIA_TYPE,
        extension=thumbnails.EXTENSION,
        size_bytes=size_bytes,
        sha256=sha256,
        width=facts.thumbnail.width,
        height=facts.thumbnail.height,
    )
