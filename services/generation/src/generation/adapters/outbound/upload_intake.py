"""Takes users' pictures in through a temporary file: bounded, hashed, and drawn anew in a process apart."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from generation.adapters.outbound.inspection_process import draw_avatar_apart, redraw_apart
from generation.adapters.outbound.intake import described
from generation.adapters.outbound.local_files import TooLong, hash_of, room, temporary_folder, written
from generation.ports.media_intake import OutputUnusable, ReceivedMedia
from generation.ports.upload_intake import ReceivedUpload, UploadTooLong, UploadUnusable, WholeFile

# A process each, of up to a gigabyte: the container of the API has room for one.
REDRAWN_AT_ONCE = 1


@dataclass(frozen=True)
class FileUploadIntake:
    """`size_bytes_max` is the usual bound of a file; drawing runs in processes apart, one at a time."""

    size_bytes_max: int
    folder: Path | None = None
    _drawing: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(REDRAWN_AT_ONCE), init=False, repr=False, compare=False
    )

    @asynccontextmanager
    async def receive(
        self, content: AsyncIterator[bytes], *, size_bytes_max: int | None = None
    ) -> AsyncIterator[ReceivedUpload]:
        most = size_bytes_max or self.size_bytes_max
        with temporary_folder(self.folder) as folder:
            source = folder / "source"
            source_sha256 = await _received(content, source, size_bytes_max=most)
            yield ReceivedUpload(await self._redrawn(source, folder), source_sha256)

    @asynccontextmanager
    async def whole(self, content: AsyncIterator[bytes], *, size_bytes_max: int) -> AsyncIterator[WholeFile]:
        with temporary_folder(self.folder) as folder:
            source = folder / "source"
            await _received(content, source, size_bytes_max=size_bytes_max)
            yield WholeFile(source)

    async def avatar(self, file: WholeFile) -> bytes:
        target = file.path.with_name("avatar")
        try:
            async with self._drawing:
                await draw_avatar_apart(file.path, target=target)
        except OutputUnusable as unusable:
            raise UploadUnusable(str(unusable)) from unusable
        with room():
            return target.read_bytes()

    async def digest(self, content: AsyncIterator[bytes]) -> str:
        size_bytes, sha256 = 0, hashlib.sha256()
        async for piece in content:
            size_bytes += len(piece)
            if size_bytes > self.size_bytes_max:
                raise UploadTooLong(f"the file is larger than {self.size_bytes_max} bytes")
            sha256.update(piece)
        return sha256.hexdigest()

    async def _redrawn(self, source: Path, folder: Path) -> ReceivedMedia:
        target, small = folder / "picture", folder / "thumbnail"
        try:
            async with self._drawing:
                facts = await redraw_apart(source, target=target, thumbnail=small)
        except OutputUnusable as unusable:
            raise UploadUnusable(str(unusable)) from unusable
        with room():
            size_bytes, sha256 = await asyncio.to_thread(hash_of, target)
        return described(target, facts, size_bytes=size_bytes, sha256=sha256, thumbnail=small)


async def _received(content: AsyncIterator[bytes], source: Path, *, size_bytes_max: int) -> str:
    """Write what comes; return its SHA-256. Raises UploadTooLong and UploadUnusable for nothing at all."""
    try:
        size_bytes, sha256 = await written(content, source, size_bytes_max=size_bytes_max)
    except TooLong as long:
        raise UploadTooLong(str(long)) from long
    if not size_bytes:
        raise UploadUnusable("the file is empty")
    return sha256
