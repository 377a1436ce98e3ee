"""Files as one ZIP, written as they are read: nothing of it is kept, neither in memory nor on disk."""

import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from gateway.domain.generation import Output
from gateway.ports.output_files import OutputFiles, OutputUnreadable

PROBLEMS = "problems.txt"


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


async def zipped(
    members: Sequence[tuple[str, Output]], files: OutputFiles, *, now: datetime
) -> AsyncIterator[bytes]:
    """Yield a ZIP of these, stored as they are: pictures and films don't get smaller.

    One that can't be read is left out, or ends where it broke off; a text in the archive names it.
    """
    written, problems = _Written(), list[str]()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, output in members:
            try:
                async with files.open(output) as parts:
                    with archive.open(_entry(name, now, size_bytes=output.size_bytes), "w") as member:
                        async for part in parts:
                            member.write(part)
                            yield written.take()
            except OutputUnreadable as failure:
                problems.append(f"{name}: could not be read whole ({failure})\n")
            yield written.take()
        if problems:
            archive.writestr(_entry(PROBLEMS, now), "".join(problems))
    yield written.take()


def _entry(name: str, now: datetime, *, size_bytes: int = 0) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, now.timetuple()[:6])
    # Past 4 GiB the archive has to know before it begins.
    entry.file_size = size_bytes
    # A file that anybody may read.
    entry.external_attr = 0o644 << 16
    return entry
