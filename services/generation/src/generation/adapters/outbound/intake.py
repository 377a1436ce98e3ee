"""Takes outputs in through a temporary file: bounded, hashed, sniffed and decoded."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

from generation.adapters.outbound import thumbnails
from generation.adapters.outbound.inspection_process import inspect_apart
from generation.adapters.outbound.media_inspection import MediaFacts, inspect
from generation.domain.model import Modality
from generation.ports.media_intake import IntakeUnavailable, OutputUnusable, ReceivedMedia
from generation.ports.media_provider import RunOutput

DECODED_AT_ONCE = 2
# What must fit for a worker to take jobs; a picture is a few megabytes.
PROBE_BYTES = 4 * 1024 * 1024


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
        with self._temporary() as folder:
            path = folder / "output"
            size_bytes, sha256 = await self._write(output, path)
            small = folder / "thumbnail"
            facts = await self._inspect(path, modality, small)
            yield ReceivedMedia(
                path=path,
                media_type=facts.media_type,
                extension=facts.extension,
                size_bytes=size_bytes,
                sha256=sha256,
                width=facts.width,
                height=facts.height,
                duration_s=facts.duration_s,
                thumbnail=_thumbnail(small, facts),
                blurhash=facts.blurhash,
            )

    async def check(self) -> None:
        with self._temporary() as folder:
            await asyncio.to_thread(_write_probe, folder / "probe")

    @contextmanager
    def _temporary(self) -> Iterator[Path]:
        with _room():
            folder = tempfile.TemporaryDirectory(
                prefix="tintype-", dir=self.folder, ignore_cleanup_errors=True
            )
        with folder as name:
            yield Path(name)

    async def _inspect(self, path: Path, modality: Modality, thumbnail: Path) -> MediaFacts:
        if modality is Modality.TEXT:
            return inspect(path, modality=modality)
        async with self._decoding:
            return await inspect_apart(path, modality=modality, thumbnail=thumbnail)

    async def _write(self, output: RunOutput, path: Path) -> tuple[int, str]:
        size_bytes, sha256 = 0, hashlib.sha256()
        # Small pieces into the page cache: a thread for each would cost more than it frees.
        with _room():
            # Unbuffered: a full disk is met by the write itself, and not again when the file is closed.
            file = path.open("wb", buffering=0)
        with file:
            async for piece in output.stream():
                size_bytes += len(piece)
                if size_bytes > self.size_bytes_max:
                    raise OutputUnusable(f"the file is larger than {self.size_bytes_max} bytes")
                sha256.update(piece)
                with _room():
                    _write_all(file, piece)
        if not size_bytes:
            raise OutputUnusable("the file is empty")
        return size_bytes, sha256.hexdigest()


def _thumbnail(path: Path, facts: MediaFacts) -> ReceivedMedia | None:
    if facts.thumbnail is None:
        return None
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return ReceivedMedia(
        path=path,
        media_type=thumbnails.MEDIA_TYPE,
        extension=thumbnails.EXTENSION,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        width=facts.thumbnail.width,
        height=facts.thumbnail.height,
    )


@contextmanager
def _room() -> Iterator[None]:
    """Blame this machine, never the file, for a disk that is full, read-only or gone."""
    try:
        yield
    except OSError as error:
        raise IntakeUnavailable(f"there is no room for files: {error.strerror}") from error


def _write_all(file: FileIO, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[file.write(left) :]


def _write_probe(path: Path) -> None:
    with _room(), path.open("wb", buffering=0) as file:
        if hasattr(os, "posix_fallocate"):
            # Room without the writing.
            os.posix_fallocate(file.fileno(), 0, PROBE_BYTES)
        else:
            _write_all(file, bytes(PROBE_BYTES))
