"""Takes in what users send, and trusts none of it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from generation.ports.media_intake import ReceivedMedia


class UploadUnusable(Exception):
    """The file is no picture or film of a kind that is taken, or can't be decoded within bounds."""


class UploadTooLong(Exception):
    """The file has more bytes than one may."""


@dataclass(frozen=True)
class ReceivedUpload:
    """A picture or a film that was made anew, and the SHA-256 of the bytes that it was made from."""

    media: ReceivedMedia
    source_sha256: str


@dataclass(frozen=True)
class WholeFile:
    """What somebody sent, to its end, on local disk; nobody has looked at it."""

    path: Path


class UploadIntake(Protocol):
    """Holds a picture or a film on local disk while it is looked at, made anew and stored.

    What is kept of a picture is upright, in sRGB with 8 bits a channel, and holds nothing but its pixels: no
    metadata, and no bytes that were hidden before, behind or between them. Of a film it is one picture and at
    most one sound, encoded as they were, and nothing beside them.
    """

    def receive(
        self, content: AsyncIterator[bytes], *, size_bytes_max: int | None = None
    ) -> AbstractAsyncContextManager[ReceivedUpload]:
        """Stream it in, of the usual size at most; the files are gone when the context ends.

        Raises UploadUnusable, UploadTooLong, and IntakeUnavailable when nothing can be taken in.
        """
        ...

    def whole(
        self, content: AsyncIterator[bytes], *, size_bytes_max: int
    ) -> AbstractAsyncContextManager[WholeFile]:
        """Stream it in and look at nothing of it; the file is gone when the context ends.

        Raises UploadUnusable for nothing at all, UploadTooLong, and IntakeUnavailable.
        """
        ...

    async def avatar(self, file: WholeFile) -> bytes:
        """Return a WebP of 256 by 256 pixels and at most 64 KiB, of the middle of a still picture.

        Raises UploadUnusable and IntakeUnavailable.
        """
        ...

    async def digest(self, content: AsyncIterator[bytes]) -> str:
        """Return the SHA-256 of what comes, and keep nothing. Raises UploadTooLong."""
        ...
