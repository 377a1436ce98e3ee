"""The other services in memory, for tests."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from generation.domain.errors import InvalidSignature, RunNotFound
from generation.domain.events import GenerationProgressed
from generation.domain.identifiers import (
    AttemptId,
    RunId,
)
from generation.domain.model import Modality
from generation.ports.media_intake import IntakeUnavailable, OutputUnusable, ReceivedMedia
from generation.ports.media_provider import Capabilities, PollSchedule, Run, RunOutput, RunReport, RunState
from generation.ports.media_store import ObjectAbsent, SignedForm, StoreUnavailable
from generation.ports.provider_webhooks import ReceivedWebhook
from generation.ports.upload_intake import ReceivedUpload, UploadTooLong, UploadUnusable, WholeFile


@dataclass(frozen=True)
class MemoryOutput:
    """A file that is a few bytes."""

    content: bytes

    async def stream(self) -> AsyncIterator[bytes]:
        yield self.content


ABLE = Capabilities(cancel=True, look_up=True, progress=True)
AT_ONCE = PollSchedule(first_s=0, longest_s=0)


@dataclass
class MemoryProvider:
    """Answers each check with the next of `reports`, the last one for ever."""

    reports: list[RunReport] = field(default_factory=lambda: [RunReport(RunState.RUNNING)])
    refusal: Exception | None = None
    submitted: list[Run] = field(default_factory=list)
    cancelled: list[RunId] = field(default_factory=list)
    forgotten: list[RunId] = field(default_factory=list)
    capabilities: Capabilities = ABLE
    polling: PollSchedule = AT_ONCE

    async def submit(self, run: Run) -> RunId:
        if self.refusal:
            raise self.refusal
        self.submitted.append(run)
        return RunId(f"run:{run.key}")

    async def find(self, key: AttemptId) -> RunId | None:
        return RunId(f"run:{key}") if any(run.key == key for run in self.submitted) else None

    async def check(self, run_id: RunId) -> RunReport:
        if all(run_id != f"run:{run.key}" for run in self.submitted):
            return RunReport(RunState.UNKNOWN)
        return self.reports.pop(0) if len(self.reports) > 1 else self.reports[0]

    async def cancel(self, run_id: RunId) -> None:
        self.cancelled.append(run_id)

    async def forget(self, run_id: RunId) -> None:
        self.forgotten.append(run_id)

    def is_paying(self, run_id: RunId) -> bool:
        return False


@dataclass
class MemorySpool:
    """Keeps reports as they are."""

    reports: dict[AttemptId, RunReport] = field(default_factory=dict)
    # Raised by every attempt to keep one.
    refusal: Exception | None = None
    refused: int = 0

    async def keep(self, key: AttemptId, report: RunReport) -> None:
        if self.refusal:
            self.refused += 1
            raise self.refusal
        self.reports.setdefault(key, report)

    async def find(self, key: AttemptId) -> RunReport | None:
        return self.reports.get(key)


@dataclass
class MemoryIntake:
    """Believes everything but the empty file; with `thumbnails`, has a small picture of each.

    Texts of up to `held_bytes_max` are kept inline, when that is more than none.
    """

    thumbnails: bool = False
    held_bytes_max: int = 0
    blurhash: str | None = None

    is_full: bool = False

    async def check(self) -> None:
        if self.is_full:
            raise IntakeUnavailable("there is no room for files")

    @asynccontextmanager
    async def receive(self, output: RunOutput, *, modality: Modality) -> AsyncIterator[ReceivedMedia]:
        await self.check()
        content = b"".join([piece async for piece in output.stream()])
        if not content:
            raise OutputUnusable("the file is empty")
        if modality is Modality.TEXT and len(content) <= self.held_bytes_max:
            yield ReceivedMedia(
                content=content,
                media_type="text/plain; charset=utf-8",
                extension="txt",
                size_bytes=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
            )
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "output"
            path.write_bytes(content)
            small = Path(folder) / "thumbnail"
            small.write_bytes(b"small " + content)
            yield replace(
                _media(path, "image/png", "png"),
                thumbnail=_media(small, "image/webp", "webp") if self.thumbnails else None,
                blurhash=self.blurhash,
            )


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class MemoryUploadIntake:
    """Believes all but what is `unusable` or empty, and keeps it; `thumbnails`: with small pictures."""

    size_bytes_max: int = 1_000
    thumbnails: bool = False
    is_full: bool = False
    # What begins so is refused.
    unusable: bytes = b"no picture"
    # Avatars are drawn while it is set.
    may_draw: asyncio.Event = field(default_factory=_set_event)

    @asynccontextmanager
    async def receive(
        self, content: AsyncIterator[bytes], *, size_bytes_max: int | None = None
    ) -> AsyncIterator[ReceivedUpload]:
        came = await self._usable(content, size_bytes_max or self.size_bytes_max)
        with tempfile.TemporaryDirectory() as folder:
            path, small = Path(folder) / "picture", Path(folder) / "thumbnail"
            path.write_bytes(came)
            small.write_bytes(b"small " + came)
            media = replace(
                _media(path, "image/png", "png"),
                thumbnail=_media(small, "image/webp", "webp") if self.thumbnails else None,
            )
            yield ReceivedUpload(media, hashlib.sha256(came).hexdigest())

    @asynccontextmanager
    async def whole(self, content: AsyncIterator[bytes], *, size_bytes_max: int) -> AsyncIterator[WholeFile]:
        if self.is_full:
            raise IntakeUnavailable("there is no room for files")
        came = await self._read(content, size_bytes_max)
        if not came:
            raise UploadUnusable("the file is empty")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "source"
            path.write_bytes(came)
            yield WholeFile(path)

    async def avatar(self, file: WholeFile) -> bytes:
        came = file.path.read_bytes()
        if came.startswith(self.unusable):
            raise UploadUnusable("the file is no picture")
        await self.may_draw.wait()
        return b"RIFF\x20\0\0\0WEBP" + hashlib.sha256(came).digest()

    async def digest(self, content: AsyncIterator[bytes]) -> str:
        return hashlib.sha256(await self._read(content, self.size_bytes_max)).hexdigest()

    async def _usable(self, content: AsyncIterator[bytes], size_bytes_max: int) -> bytes:
        if self.is_full:
            raise IntakeUnavailable("there is no room for files")
        came = await self._read(content, size_bytes_max)
        if came.startswith(self.unusable):
            raise UploadUnusable("the file is no picture")
        if not came:
            raise UploadUnusable("the file is empty")
        return came

    async def _read(self, content: AsyncIterator[bytes], size_bytes_max: int) -> bytes:
        came = b""
        async for piece in content:
            came += piece
            if len(came) > size_bytes_max:
                raise UploadTooLong(f"the file is larger than {size_bytes_max} bytes")
        return came


def _media(path: Path, media_type: str, extension: str) -> ReceivedMedia:
    content = path.read_bytes()
    return ReceivedMedia(
        path=path,
        media_type=media_type,
        extension=extension,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        width=1,
        height=1,
    )


@dataclass
class MemoryMediaStore:
    """Objects in a dictionary."""

    objects: dict[str, bytes] = field(default_factory=dict)
    reachable: bool = True
    # Calls that were not answered.
    refused: int = 0
    # Never stores a key with this in it.
    lacks_room_for: str | None = None

    async def put(self, key: str, media: ReceivedMedia) -> None:
        self._reach()
        if self.lacks_room_for and self.lacks_room_for in key:
            raise StoreUnavailable("the store does not take it")
        self.objects[key] = media.path.read_bytes() if media.path else media.content or b""

    async def remove(self, key: str) -> None:
        self._reach()
        self.objects.pop(key, None)

    async def read(self, key: str, *, size_bytes_max: int) -> bytes:
        self._reach()
        if key not in self.objects or len(self.objects[key]) > size_bytes_max:
            raise StoreUnavailable("there is no such object, or it is larger")
        return self.objects[key]

    async def pieces(self, key: str) -> AsyncIterator[bytes]:
        self._reach()
        if key not in self.objects:
            raise ObjectAbsent(key)
        yield self.objects[key]

    def signed_form(self, key: str, *, size_bytes_max: int, until: datetime) -> SignedForm:
        fields = {"key": key, "size_bytes_max": str(size_bytes_max), "until": until.isoformat()}
        return SignedForm("memory://", fields)

    def signed_url(
        self, key: str, *, ttl_s: int, download_as: str | None = None, signed_at: datetime | None = None
    ) -> str:
        more = f"&name={download_as}" if download_as else ""
        return f"memory://{key}?ttl={ttl_s}{more}" + (f"&at={signed_at.isoformat()}" if signed_at else "")

    def _reach(self) -> None:
        if not self.reachable:
            self.refused += 1
            raise StoreUnavailable("the store does not answer")


@dataclass
class MemoryProgressFeed:
    """Keeps what was told."""

    told: list[float] = field(default_factory=list)

    async def tell(self, event: GenerationProgressed) -> None:
        self.told.append(event.progress)


@dataclass
class MemoryNudges:
    """Keeps them."""

    nudged: list[AttemptId] = field(default_factory=list)

    async def nudge(self, attempt_id: AttemptId) -> None:
        self.nudged.append(attempt_id)


@dataclass
class MemoryWebhooks:
    """A webhook is true when its header `signature` is its provider's name; its body is the run."""

    providers: frozenset[str] = frozenset({"local"})

    async def run_of(self, provider: str, received: ReceivedWebhook) -> RunId:
        if provider not in self.providers:
            raise RunNotFound("no such run is waited for")
        if received.headers.get("signature") != provider:
            raise InvalidSignature("the signature does not fit")
        return RunId(received.body.decode())
