"""Takes in what a provider made, and trusts none of it."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from generation.domain.model import Modality
from generation.ports.media_provider import RunOutput


class OutputUnusable(Exception):
    """The file is too large, can't be had, can't be decoded or is not what was asked for."""


class OutputUnreachable(OutputUnusable):
    """The file's host does not answer, or is busy: it may be asked again, a few times."""


class IntakeUnavailable(Exception):
    """This machine has no room for files: another worker's may have. Says nothing of the output."""


@dataclass(frozen=True, kw_only=True)
class ReceivedMedia:
    """A file that was sniffed, decoded and hashed: on disk, or for a text of a few kilobytes its bytes.

    Those are kept inline (see Output), which takes 8 KiB at most.
    """

    path: Path | None = None
    content: bytes | None = None
    media_type: str
    extension: str
    size_bytes: int
    sha256: str
    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    # A small WebP of a picture or of a film's first frame; None of what is small, or is no picture.
    thumbnail: "ReceivedMedia | None" = None
    # Of a picture or of a film's first frame; None of what has none, or can be seen through.
    blurhash: str | None = None


class MediaIntake(Protocol):
    """Holds a file, on local disk unless it is small, while it is looked at and stored."""

    def receive(self, output: RunOutput, *, modality: Modality) -> AbstractAsyncContextManager[ReceivedMedia]:
        """Streams the output in; the file is gone when the context ends.

        Raises OutputUnusable, and IntakeUnavailable when there is no room to take anything in.
        """
        ...

    async def check(self) -> None:
        """Check whether a file could be taken in now; raise IntakeUnavailable unless it could."""
        ...
