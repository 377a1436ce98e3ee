"""Takes outputs in through a temporary file: bounded, hashed, sniffed and decoded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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
from generation.adapters.outbound.media_inspection import MediaFacts, inspect
from generation.domain.model import Modality
from generation.ports.media_intake import OutputUnusable, ReceivedMedia
from generation.ports.media_provider import RunOutput

DECODED_AT_ONCE = 2


@dataclass(frozen=True)
class FileIntake:
    """`size_bytes_max` bounds a file; decoding runs in processes of its own, a few at a time."""

    size_bytes_max: int
    folder: Path | None = None
    _decoding: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(DECODED_AT_ONCE), init=False, repr=False, compare=False
    )

    @asynccontextmanager
    async def receive(self, output: RunOutput, *, modality: Modality) -> AsyncIterator[ReceivedMedia]:
        with temporary_folder(self.folder) as folder:
            path = folder / "output"
            size_bytes, sha256 = await self._write(output, path)
            small = folder / "thumbnail"
            facts = await self._inspect(path, modality, small)
            yield described(path, facts, size_bytes=size_bytes, sha256=sha256, thumbnail=small)

    async def check(self) -> None:
        with temporary_folder(self.folder) as folder:
            await asyncio.to_thread(write_probe, folder / "probe")

    async def _inspect(self, path: Path, modality: Modality, thumbnail: Path) -> MediaFacts:
        if modality is Modality.TEXT:
            return inspect(path, modality=modality)
        async with self._decoding:
            return await inspect_apart(path, modality=modality, thumbnail=thumbnail)

    async def _write(self, output: RunOutput, path: Path) -> tuple[int, str]:
        try:
            size_bytes, sha256 = await written(output.stream(), path, size_bytes_max=self.size_bytes_max)
        except TooLong as long:
            raise OutputUnusable(str(long)) from long
        if not size_bytes:
            raise OutputUnusable("the file is empty")
        return size_bytes, sha256


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
