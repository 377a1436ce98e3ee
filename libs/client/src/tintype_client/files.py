"""What a generation made, at hand: read it, or save it."""

import io
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from mimetypes import guess_extension
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar, overload

from tintype_client.answers import Generation, Output

FileT = TypeVar("FileT")


# What the oldest Python that we support does not know, or knows otherwise.
_ENDINGS = {
    "image/jpeg": ".jpg", "image/webp": ".webp", "audio/mpeg": ".mp3", "audio/wav": ".wav",
    "audio/ogg": ".ogg", "audio/opus": ".opus", "audio/flac": ".flac", "audio/aac": ".aac",
    "video/webm": ".webm", "text/plain": ".txt",
}  # fmt: skip


class Files(Sequence[FileT], Generic[FileT]):
    """The files of a generation, and the `generation` itself: what it cost stands in its `credits`."""

    def __init__(self, files: Sequence[FileT], generation: Generation) -> None:
        self._files = tuple(files)
        self.generation = generation

    @overload
    def __getitem__(self, index: int) -> FileT: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[FileT]: ...

    def __getitem__(self, index: int | slice) -> FileT | Sequence[FileT]:
        """Return one, or some."""
        return self._files[index]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._files)

    def __repr__(self) -> str:
        """Name them."""
        return f"Files({list(self._files)!r}, {self.generation.id})"


@dataclass(frozen=True)
class _Kept:
    """Shown by what it is, never by its signed address."""

    output: Output
    generation: Generation = field(repr=False)

    @property
    def id(self) -> str:
        """The output's id, good as an input of another generation."""
        return self.output.id

    @property
    def media_type(self) -> str:
        """What it is, such as image/png."""
        return self.output.media_type

    @property
    def name(self) -> str:
        """A name for it, after what it is."""
        return f"{self.output.id}{_ENDINGS.get(self.media_type) or guess_extension(self.media_type) or ''}"

    @property
    def url(self) -> str:
        """A signed address, until `output.expires_at`."""
        return self.output.url


@dataclass(frozen=True)
class File(_Kept):
    """A file that a generation made."""

    _fetch: Callable[[Output, Generation, BinaryIO], None] = field(repr=False)

    def read(self) -> bytes:
        """Return its bytes, once they are proven to be those that were made."""
        into = io.BytesIO()
        self._fetch(self.output, self.generation, into)
        return into.getvalue()

    def text(self) -> str:
        """Return the text of a text."""
        return self.read().decode()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file, whole or not at all, and return where that is."""
        with whole_file(Path(path)) as into:
            self._fetch(self.output, self.generation, into)
        return Path(path)


@dataclass(frozen=True)
class AsyncFile(_Kept):
    """A file that a generation made."""

    _fetch: Callable[[Output, Generation, BinaryIO], Awaitable[None]] = field(repr=False)

    async def read(self) -> bytes:
        """Return its bytes, once they are proven to be those that were made."""
        into = io.BytesIO()
        await self._fetch(self.output, self.generation, into)
        return into.getvalue()

    async def text(self) -> str:
        """Return the text of a text."""
        return (await self.read()).decode()

    async def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file, whole or not at all, and return where that is."""
        with whole_file(Path(path)) as into:
            await self._fetch(self.output, self.generation, into)
        return Path(path)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write beside a path, and put it there once it is whole."""
    beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    try:
        with beside.open("x+b") as into:
            yield into
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
