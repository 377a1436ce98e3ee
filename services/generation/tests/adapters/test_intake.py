"""Taking files in: what is the file's fault, and what is this machine's."""

import hashlib
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from generation.adapters.outbound.inline import InlineOutput
from generation.adapters.outbound.intake import HELD_BYTES_MAX, FileIntake
from generation.adapters.outbound.local_files import PROBE_BYTES
from generation.domain.model import Modality
from generation.ports.media_intake import IntakeUnavailable, OutputUnusable

TEXT = InlineOutput(b"foxes are red\n" * 1000)


@dataclass(frozen=True)
class Pieces:
    """A text that comes in pieces, which are no multiple of anything."""

    content: bytes

    async def stream(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.content), 999):
            yield self.content[start : start + 999]


class BrokenPipe:
    """A provider's stream that ends in an error of the operating system's."""

    async def stream(self) -> AsyncIterator[bytes]:
        yield b"a"
        raise ConnectionResetError


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow past a few kilobytes: a write fails as it does on a full disk.

    In the test alone, and no fixture: what the runner itself writes goes to a file, too.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def left_in(folder: Path) -> list[Path]:
    """What was not removed."""
    return list(folder.iterdir())


async def receive(intake: FileIntake, output: object) -> int:
    """Takes a text in; its size."""
    async with intake.receive(output, modality=Modality.TEXT) as media:  # type: ignore[arg-type]
        return media.size_bytes


async def test_a_file_is_gone_afterwards(tmp_path: Path) -> None:
    """Nothing stays behind, whether it could be used or not."""
    intake = FileIntake(1_000_000, tmp_path)
    assert await receive(intake, TEXT) == len(TEXT.content)
    with pytest.raises(OutputUnusable):
        await receive(FileIntake(10, tmp_path), TEXT)
    await intake.check()
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("size_bytes", [1, HELD_BYTES_MAX, HELD_BYTES_MAX + 1])
async def test_a_small_text_is_held(size_bytes: int, tmp_path: Path) -> None:
    """One byte more is a file: the same is said of both, and each has its bytes in one place alone."""
    content = b"a" * size_bytes
    async with FileIntake(1_000_000, tmp_path).receive(Pieces(content), modality=Modality.TEXT) as media:
        stored = media.content if media.path is None else media.path.read_bytes()
        assert (media.path is None) == (size_bytes <= HELD_BYTES_MAX) == (left_in(tmp_path) == [])
    assert stored == content
    assert (media.size_bytes, media.sha256) == (size_bytes, hashlib.sha256(content).hexdigest())
    assert (media.media_type, media.extension) == ("text/plain; charset=utf-8", "txt")
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a" * 11], ids=["nothing", "no text", "too long"])
async def test_a_small_text_is_refused_as_a_large_one_is(content: bytes, tmp_path: Path) -> None:
    """Held or not: what is no text, or has no byte, or too many, is of no use."""
    with pytest.raises(OutputUnusable):
        await receive(FileIntake(10, tmp_path), InlineOutput(content))
    assert left_in(tmp_path) == []


async def test_a_full_disk_is_not_the_files_fault(tmp_path: Path) -> None:
    """Neither while a file is written nor when a worker looks whether it may take jobs."""
    intake = FileIntake(1_000_000, tmp_path)
    with full_disk():
        with pytest.raises(IntakeUnavailable):
            await receive(intake, TEXT)
        with pytest.raises(IntakeUnavailable):
            await intake.check()
    assert left_in(tmp_path) == []
    assert PROBE_BYTES > 4096


async def test_a_folder_that_is_gone_is_not_the_files_fault(tmp_path: Path) -> None:
    """Mounted elsewhere, removed, or read-only."""
    intake = FileIntake(1_000_000, tmp_path / "gone")
    for attempt in (receive(intake, TEXT), intake.check()):
        with pytest.raises(IntakeUnavailable):
            await attempt


async def test_a_providers_broken_connection_is_not_this_machines_fault(tmp_path: Path) -> None:
    """An operating system's error that comes out of the stream is not taken for a full disk."""
    with pytest.raises(ConnectionResetError):
        await receive(FileIntake(1_000_000, tmp_path), BrokenPipe())
