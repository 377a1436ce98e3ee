"""Files on this machine's disk, while they are looked at: bounded, hashed, and gone afterwards."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from generation.ports.media_intake import IntakeUnavailable

# What must fit for files to be taken in; a picture is a few megabytes.
PROBE_BYTES = 4 * 1024 * 1024


class TooLong(Exception):
    """More came than a file may have."""


@contextmanager
def temporary_folder(within: Path | None) -> Iterator[Path]:
    """Make a folder that is gone when the context ends. Raises IntakeUnavailable."""
    with room():
        folder = tempfile.TemporaryDirectory(prefix="tintype-", dir=within, ignore_cleanup_errors=True)
    with folder as name:
        yield Path(name)


@contextmanager
def room() -> Iterator[None]:
    """Blame this machine, never the file, for a disk that is full, read-only or gone."""
    try:
        yield
    except OSError as error:
        raise IntakeUnavailable(f"there is no room for files: {error.strerror}") from error


async def written(content: AsyncIterator[bytes], path: Path, *, size_bytes_max: int) -> tuple[int, str]:
    """Write what comes; return its size and SHA-256. Raises TooLong and IntakeUnavailable."""
    size_bytes, sha256 = 0, hashlib.sha256()
    # Small pieces into the page cache: a thread for each would cost more than it frees.
    with room():
        # Unbuffered: a full disk is met by the write itself, and not again when the file is closed.
        file = path.open("wb", buffering=0)
    with file:
        async for piece in content:
            size_bytes += len(piece)
            if size_bytes > size_bytes_max:
                raise TooLong(f"the file is larger than {size_bytes_max} bytes")
            sha256.update(piece)
            with room():
                _write_all(file, piece)
    return size_bytes, sha256.hexdigest()


def write_probe(path: Path) -> None:
    """Take the room that a file needs. Raises IntakeUnavailable."""
    with room(), path.open("wb", buffering=0) as file:
        if hasattr(os, "posix_fallocate"):
            # Room without the writing.
            os.posix_fallocate(file.fileno(), 0, PROBE_BYTES)
        else:
            _write_all(file, bytes(PROBE_BYTES))


def hash_of(path: Path) -> tuple[int, str]:
    """Return a file's size and SHA-256. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return path.stat().st_size, digest.hexdigest()


def _write_all(file: FileIO, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[file.write(left) :]
