"""Runs drawings in threads of this process; runs are gone when the process is."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from generation.adapters.outbound.inline import InlineOutput
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.local.editing import edit_image, upscale_image
from generation.adapters.outbound.providers.local.encoding import Stopped, draw_image, draw_video
from generation.adapters.outbound.providers.local.moving import animate_image, between_images
from generation.adapters.outbound.providers.local.refilming import edit_film
from generation.adapters.outbound.providers.local.settings import Settings
from generation.domain.generation import Failure
from generation.domain.identifiers import AttemptId, MediaId, RunId
from generation.ports.media_provider import (
    Capabilities,
    PollSchedule,
    ProviderRefused,
    Run,
    RunReport,
    RunState,
)

DRAWERS = {"sketch": draw_image, "motion": draw_video}
# Those that take media as well.
EDITORS = {
    "edit": edit_image,
    "upscale": upscale_image,
    "between": between_images,
    "animate": animate_image,
    "refilm": edit_film,
}
# Ended runs are kept so that a delivery can be tried again, up to this many.
RUNS_KEPT_MAX = 64


@dataclass
class Drawing:
    """One run, shared by its thread and the event loop."""

    run: Run
    # What it is made from, by id.
    files: Mapping[MediaId, bytes] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    progress: float = 0.0
    report: RunReport | None = None


class LocalProvider:
    """Draws for real; `simulate` in the input makes a run fail, stall or be refused."""

    capabilities = Capabilities(cancel=True, look_up=True, progress=True, untrained=True)
    polling = PollSchedule(first_s=0.1, longest_s=0.25)

    def __init__(self, *, threads: int, name: str = "local") -> None:
        self._prefix = f"{name}:"
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="draw")
        self._drawings: dict[RunId, Drawing] = {}

    async def submit(self, run: Run) -> RunId:
        if run.input.get("simulate") == "refuse":
            failure = Failure("CONTENT_REFUSED", "refused on purpose: the test control asked for it")
            raise ProviderRefused(failure, retryable=False)
        run_id = RunId(self._prefix + run.key)
        files = {media_id: await media.read() for media_id, media in run.media.items()}
        if run_id not in self._drawings:
            self._forget_oldest()
            self._drawings[run_id] = drawing = Drawing(run, files)
            if run.input.get("simulate") != "stall":
                asyncio.get_running_loop().run_in_executor(self._threads, _draw, drawing)
        return run_id

    async def find(self, key: AttemptId) -> RunId | None:
        run_id = RunId(self._prefix + key)
        return run_id if run_id in self._drawings else None

    async def check(self, run_id: RunId) -> RunReport:
        drawing = self._drawings.get(run_id)
        if drawing is None:
            return RunReport(RunState.UNKNOWN)
        return drawing.report or RunReport(RunState.RUNNING, drawing.progress)

    async def cancel(self, run_id: RunId) -> None:
        if drawing := self._drawings.get(run_id):
            drawing.stop.set()
            if drawing.report is None:
                drawing.report = RunReport(RunState.CANCELLED)

    async def forget(self, run_id: RunId) -> None:
        if drawing := self._drawings.pop(run_id, None):
            drawing.stop.set()

    def is_paying(self, run_id: RunId) -> bool:
        return False

    def close(self) -> None:
        """Stop every drawing; the threads end at their next frame."""
        for drawing in self._drawings.values():
            drawing.stop.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _forget_oldest(self) -> None:
        ended = [run_id for run_id, drawing in self._drawings.items() if drawing.report]
        for run_id in ended[: max(0, len(ended) - RUNS_KEPT_MAX + 1)]:
            del self._drawings[run_id]


@asynccontextmanager
async def make(settings: Settings, around: Surroundings) -> AsyncIterator[LocalProvider]:
    """Return a program that draws in this process, until the context ends."""
    provider = LocalProvider(threads=settings.threads, name=around.name)
    try:
        yield provider
    finally:
        provider.close()


def _draw(drawing: Drawing) -> None:
    """Run in a thread; once its report is there, only what it was made from still goes."""
    job = drawing.run.input
    count = int(job.get("output_count", 1))
    try:
        if job.get("simulate") == "fail":
            raise RuntimeError("failed on purpose: the test control asked for it")
        outputs = tuple(InlineOutput(_drawn(drawing, place, count)) for place in range(count))
        drawing.report = RunReport(RunState.SUCCEEDED, 1.0, outputs)
    except Stopped:
        drawing.report = RunReport(RunState.CANCELLED)
    except Exception as error:  # noqa: BLE001, a thread has nobody to raise to: the run failed
        drawing.report = RunReport(
            RunState.FAILED, drawing.progress, failure=Failure("PROVIDER_FAILED", str(error))
        )
    finally:
        # A run is kept for longer than a hundred megabytes are to be.
        drawing.files = {}


def _drawn(drawing: Drawing, place: int, count: int) -> bytes:
    run, progress = drawing.run, _progress(drawing, place, count)
    if run.model in EDITORS:
        return EDITORS[run.model](run.input, drawing.files, place, progress)
    return DRAWERS[run.model](run.input, place, progress)


def _progress(drawing: Drawing, place: int, count: int) -> Callable[[float], None]:
    def advance(part: float) -> None:
        if drawing.stop.is_set():
            raise Stopped
        drawing.progress = (place + part) / count

    return advance
