"""Bodies that are files: read in pieces, as often as they have to be sent."""

import asyncio
import io
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tintype_client.errors import InvalidCall

PIECE_BYTES = 256 * 1024
File = bytes | str | os.PathLike[str] | BinaryIO
"""A file to send: its bytes, where it lies, or one that is open and can be wound back."""


@dataclass(frozen=True)
class Source:
    """A file that can be read again from where it began."""

    file: bytes | Path | BinaryIO
    begins_at: int
    size_bytes: int

    @classmethod
    def of(cls, file: File) -> "Source":
        """Look at a file. Raises InvalidCall for one that can't be wound back, and OSError."""
        if isinstance(file, bytes):
            return cls(file, 0, len(file))
        if isinstance(file, (str, os.PathLike)):
            path = Path(file)
            return cls(path, 0, path.stat().st_size)
        if not file.seekable():
            raise InvalidCall("the file can't be wound back, to be sent again: give its bytes or its path")
        begins_at = file.tell()
        size_bytes = file.seek(0, io.SEEK_END) - begins_at
        file.seek(begins_at)
        return cls(file, begins_at, size_bytes)

    def pieces(self) -> Iterator[bytes]:
        """Read it from its beginning: exactly as much as it had when it was looked at."""
        left = self.size_bytes
        with self._opened() as opened:
            while left and (piece := opened.read(min(PIECE_BYTES, left))):
                left -= len(piece)
                yield piece
        if left:
            raise InvalidCall("the file became shorter while it was sent")

    def _opened(self) -> AbstractContextManager[BinaryIO]:
        if isinstance(self.file, bytes):
            return io.BytesIO(self.file)
        if isinstance(self.file, Path):
            return self.file.open("rb")
        self.file.seek(self.begins_at)
        return nullcontext(self.file)


@dataclass(frozen=True, kw_only=True)
class Body:
    """A file and what stands around it."""

    media_type: str
    source: Source
    head: bytes = b""
    tail: bytes = b""

    @property
    def size_bytes(self) -> int:
        """How long it is."""
        return len(self.head) + self.source.size_bytes + len(self.tail)

    def pieces(self) -> Iterator[bytes]:
        """Read it from its beginning."""
        yield self.head
        yield from self.source.pieces()
        yield self.tail

    async def pieces_aside(self) -> AsyncIterator[bytes]:
        """Read it in another thread, so that nothing else waits for the disk."""
        pieces = self.pieces()
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece


def form(fields: Mapping[str, str], source: Source) -> Body:
    """Return multipart/form-data of some fields and then the file, as stores take it."""
    boundary = secrets.token_hex(16)
    parts = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    head = (
        f'{parts}--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return Body(
        media_type=f"multipart/form-data; boundary={boundary}",
        source=source,
        head=head.encode(),
        tail=f"\r\n--{boundary}--\r\n".encode(),
    )


def _quoted(name: str) -> str:
    # As browsers write it (HTML Standard, 4.10.21.8).
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
