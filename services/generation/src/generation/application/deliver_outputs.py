"""Takes in what a run made and stores it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import structlog

from generation.application.sign_outputs import OutputSigner
from generation.application.start_generation import Job
from generation.domain.errors import StorageUnavailable
from generation.domain.generation import Generation
from generation.domain.identifiers import OutputId
from generation.domain.output import Output, object_key, thumbnail_key
from generation.ports.clock import Clock
from generation.ports.ids import IdSource
from generation.ports.media_intake import (
    IntakeUnavailable,
    MediaIntake,
    OutputUnreachable,
    OutputUnusable,
    ReceivedMedia,
)
from generation.ports.media_provider import RunOutput, RunReport
from generation.ports.media_store import MediaStore, StoreUnavailable
from generation.ports.needs import Needs
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork

# An object that no job claimed by then was left behind by a crash.
ORPHAN_AFTER = timedelta(hours=24)
PAUSE_MAX_S = 15.0
# A file that can't be had after so many tries is as good as none.
UNREACHABLE_MAX = 4
# Of a model that is not asked for a number.
UNASKED_OUTPUTS_MAX = 16
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Delivery:
    """What is in the store, or inline, to be kept with its job; and how many of the priced units that is."""

    outputs: Sequence[Output]
    units: int


@dataclass(frozen=True)
class OutputDeliverer:
    """Each output stands or falls alone: three good ones of four are delivered as three.

    A text of a few kilobytes stays in memory: it is kept with its job's end, and the store is not asked.
    While the store is away it goes on trying, with growing pauses, until the job is cancelled: its
    caller has a deadline.
    """

    units: UnitsOfWork
    intake: MediaIntake
    store: MediaStore
    ids: IdSource
    clock: Clock
    # None: outputs say nothing of where they come from.
    signer: OutputSigner | None = None
    pause_s: float = 1.0

    async def deliver(self, job: Job, report: RunReport) -> Delivery:
        """Store what was made. Raises IntakeUnavailable; what was stored by then is queued for removal.

        Of more than were asked for the first are taken, and further ones in place of those of no use.
        """
        outputs: list[Output] = []
        made = list(enumerate(report.outputs))
        while made and (missing := outputs_max(job.generation) - len(outputs)):
            outputs += await self._kept_of(job, made[:missing])
            made = made[missing:]
        told = [replace(output, incomplete=report.incomplete) for output in outputs]
        return Delivery(told, _units(job.generation, len(outputs), report.usage_units))

    async def _kept_of(self, job: Job, made: Sequence[tuple[int, RunOutput]]) -> Sequence[Output]:
        try:
            async with asyncio.TaskGroup() as tasks:
                keeping = [tasks.create_task(self._kept_at_last(job, place, run)) for place, run in made]
        except ExceptionGroup as failed:
            # Not except*: before Python 3.11.4 what is raised in it comes wrapped in another group.
            full, others = failed.split(IntakeUnavailable)
            if full is None or others is not None:
                raise
            raise IntakeUnavailable(str(full.exceptions[0])) from failed
        return [output for task in keeping if (output := task.result()) is not None]

    async def _kept_at_last(self, job: Job, place: int, run: RunOutput) -> Output | None:
        generation, pause_s, unreachable = job.generation, self.pause_s, 0
        while not job.cancel_requested:
            try:
                return await self._kept(job, place, run)
            except OutputUnreachable as away:
                unreachable += 1
                if unreachable >= UNREACHABLE_MAX:
                    log.warning("output can't be had", **_about(generation, place), error=str(away))
                    return None
            except (StoreUnavailable, StorageUnavailable) as away:
                log.warning("output not stored yet", **_about(generation, place), error=str(away))
            await asyncio.sleep(pause_s)
            pause_s = min(PAUSE_MAX_S, pause_s * 2)
        return None

    async def _kept(self, job: Job, place: int, run: RunOutput) -> Output | None:
        generation = job.generation
        try:
            async with self.intake.receive(run, modality=generation.modality) as media:
                kept = await self.signer.signed(job, media) if self.signer else media
                return await self._store(generation, place, kept)
        except (OutputUnreachable, StoreUnavailable, StorageUnavailable, IntakeUnavailable):
            raise
        except OutputUnusable as unusable:
            log.warning("output refused", **_about(generation, place), error=str(unusable))
            return None
        except Exception:
            # Whatever a file makes our own code do, it is that file's fault alone.
            log.exception("output refused", **_about(generation, place))
            return None

    async def _store(self, generation: Generation, position: int, media: ReceivedMedia) -> Output:
        output_id = OutputId(self.ids.new("out"))
        place = (generation.account_id, generation.generation_id, output_id)
        small = media.thumbnail
        output = Output(
            output_id=output_id,
            generation_id=generation.generation_id,
            account_id=generation.account_id,
            position=position,
            object_key=object_key(*place, extension=media.extension),
            thumbnail_key=thumbnail_key(*place, extension=small.extension) if small else None,
            media_type=media.media_type,
            size_bytes=media.size_bytes,
            sha256=media.sha256,
            width=media.width,
            height=media.height,
            duration_s=media.duration_s,
            blurhash=media.blurhash,
            is_inline=media.content is not None,
            content=media.content,
        )
        if output.is_inline:
            return output

        await self._remove_unless_kept(output)
        await self._put(output.object_key, media)
        return await self._with_thumbnail(output, small)

    async def _remove_unless_kept(self, output: Output) -> None:
        async def schedule(work: UnitOfWork) -> None:
            await work.deletions.schedule(output.object_keys, due_at=self.clock.now() + ORPHAN_AFTER)

        try:
            await self.units.shared(schedule, Needs())
        except StorageUnavailable:
            raise
        except Exception as error:
            # As with the store: the file is good, and what was paid for is not bought again.
            log.exception("removal could not be scheduled", output_id=output.output_id)
            raise StorageUnavailable(repr(error)) from error

    async def _put(self, key: str, media: ReceivedMedia) -> None:
        try:
            await self.store.put(key, media)
        except StoreUnavailable:
            raise
        except Exception as error:
            # The file is good: whatever our own client stumbled over, it is tried again.
            log.exception("object could not be stored", object_key=key)
            raise StoreUnavailable(repr(error)) from error

    async def _with_thumbnail(self, output: Output, small: ReceivedMedia | None) -> Output:
        """Nobody misses an output because its small picture could not be stored."""
        if small is None or output.thumbnail_key is None:
            return output
        try:
            await self._put(output.thumbnail_key, small)
        except StoreUnavailable as away:
            log.warning("thumbnail not stored", output_id=output.output_id, error=str(away))
            return replace(output, thumbnail_key=None)
        return output


def wanted_count(generation: Generation) -> int:
    """How many outputs were asked for."""
    return int(generation.input.get("output_count", 1))


def outputs_max(generation: Generation) -> int:
    """Return how many outputs are kept: as many as were asked for, or where nobody is asked, all of them.

    A workflow makes what it makes, for one price.
    """
    return int(generation.input.get("output_count", UNASKED_OUTPUTS_MAX))


def _about(generation: Generation, place: int) -> dict[str, Any]:
    return {"generation_id": generation.generation_id, "position": place}


def _units(generation: Generation, stored: int, usage_units: int | None) -> int:
    if usage_units is not None:
        return max(1, usage_units)
    wanted = wanted_count(generation)
    return generation.price.units * min(stored, wanted) // wanted
