"""The other services in memory, for tests."""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from generation.domain.errors import LedgerUnavailable
from generation.domain.events import GenerationProgressed
from generation.domain.generation import Generation
from generation.domain.identifiers import AccountId, AttemptId, GenerationId, ReservationId, RunId
from generation.domain.model import Modality
from generation.ports.ledger import Refusal, Reservation
from generation.ports.media_intake import IntakeUnavailable, OutputUnusable, ReceivedMedia
from generation.ports.media_provider import Capabilities, PollSchedule, Run, RunOutput, RunReport, RunState
from generation.ports.media_store import StoreUnavailable


@dataclass
class MemoryLedger:
    """Holds credits of any account out of one pot; remembers each answer."""

    available: int = 1000
    owed: int = 0
    reachable: bool = True
    # Held, but the answer never arrives.
    loses_answers: bool = False
    answers: dict[GenerationId, Reservation | Refusal] = field(default_factory=dict)

    async def reserve(
        self, generation_id: GenerationId, account_id: AccountId, *, amount_credits: int, ttl_s: int
    ) -> Reservation | Refusal:
        if not self.reachable:
            raise LedgerUnavailable("the ledger does not answer")
        if generation_id not in self.answers:
            self.answers[generation_id] = self._decide(generation_id, amount_credits)
        if self.loses_answers:
            raise LedgerUnavailable("the ledger's answer was lost")
        return self.answers[generation_id]

    def _decide(self, generation_id: GenerationId, amount_credits: int) -> Reservation | Refusal:
        if self.owed:
            return Refusal(0, owed=self.owed)
        if amount_credits > self.available:
            return Refusal(self.available)
        self.available -= amount_credits
        return Reservation(ReservationId(generation_id.replace("gen_", "res_")))


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
    """Believes everything but the empty file; with `thumbnails`, has a small picture of each."""

    thumbnails: bool = False
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
        self.objects[key] = media.path.read_bytes()

    async def remove(self, key: str) -> None:
        self._reach()
        self.objects.pop(key, None)

    def signed_url(self, key: str, *, ttl_s: int, download_as: str | None = None) -> str:
        return f"memory://{key}?ttl={ttl_s}" + (f"&name={download_as}" if download_as else "")

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
class MemoryMeter:
    """Keeps the jobs that ended."""

    generations: list[Generation] = field(default_factory=list)
    troubles: list[tuple[str, bool]] = field(default_factory=list)
    payments: list[tuple[str, int]] = field(default_factory=list)

    def ended(self, generation: Generation) -> None:
        self.generations.append(generation)

    def account_trouble(self, provider: str, *, troubled: bool) -> None:
        self.troubles.append((provider, troubled))

    def paid(self, provider: str, *, usd_micros: int) -> None:
        self.payments.append((provider, usd_micros))
