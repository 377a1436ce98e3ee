"""A ZIP that is written as its members are read: nothing of it is kept, neither in memory nor on disk."""

import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.errors import GatewayError
from gateway.domain.generation import Output
from gateway.ports.output_files import OutputFiles, OutputUnreadable


@dataclass(frozen=True)
class File:
    """A stored file."""

    name: str
    output: Output


@dataclass(frozen=True)
class Text:
    """A text that is told in parts; a GatewayError among them ends it there."""

    name: str
    parts: AsyncIterator[str]


@dataclass(frozen=True)
class Small:
    """A file that is read when its turn comes, and is small enough for memory."""

    name: str
    read: Callable[[], Awaitable[bytes]]


@dataclass(frozen=True)
class Missing:
    """What could not even be listed, and why."""

    name: str
    why: str


Member = File | Text | Small | Missing
Ending = Callable[[Sequence[str], Sequence[Missing]], tuple[str, str] | None]
"""Makes the last member, if there is to be one, of the names in the archive and of what is missing."""


class _Written(io.RawIOBase):
    """What the archive wrote since it was taken last; it can't be sought in, as an answer can't."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """See RawIOBase."""
        return True

    def write(self, part: bytes) -> int:  # type: ignore[override]  # bytes are all that zipfile writes
        """See RawIOBase."""
        self._parts.append(bytes(part))
        return len(part)

    def take(self) -> bytes:
        """Return and forget it."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


async def archived(
    members: AsyncIterator[Member], files: OutputFiles, *, now: datetime, ending: Ending
) -> AsyncIterator[bytes]:
    """Yield a ZIP of these. Files are stored as they are: pictures and films don't get smaller.

    One that can't be read is left out, or ends where it broke off, and stops no other: `ending` is told.
    """
    written, missing = _Written(), list[Missing]()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        async for member in members:
            if isinstance(member, Missing):
                missing.append(member)
                continue
            try:
                async for _ in _written_into(archive, member, files, now):
                    yield written.take()
            except (OutputUnreadable, GatewayError) as failure:
                missing.append(Missing(member.name, f"could not be read whole ({failure})"))
            yield written.take()
        if last := ending(archive.namelist(), missing):
            archive.writestr(_entry(last[0], now, compress=zipfile.ZIP_DEFLATED), last[1])
    yield written.take()


async def _written_into(
    archive: zipfile.ZipFile, member: File | Text | Small, files: OutputFiles, now: datetime
) -> AsyncIterator[None]:
    if isinstance(member, Text):
        with archive.open(_entry(member.name, now, compress=zipfile.ZIP_DEFLATED), "w") as entry:
            async for text in member.parts:
                entry.write(text.encode())
                yield
        return
    if isinstance(member, Small):
        archive.writestr(_entry(member.name, now), await member.read())
        yield
        return
    async with files.open(member.output) as parts:
        size_bytes = member.output.size_bytes
        with archive.open(_entry(member.name, now, size_bytes=size_bytes), "w") as entry:
            async for part in parts:
                entry.write(part)
                yield


def _entry(
    name: str, now: datetime, *, size_bytes: int = 0, compress: int = zipfile.ZIP_STORED
) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, now.timetuple()[:6])
    entry.compress_type = compress
    # Past 4 GiB the archive has to know before it begins.
    entry.file_size = size_bytes
    # A file that anybody may read.
    entry.external_attr = 0o644 << 16
    return entry
