"""Takes in what a run made and stores it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from generation.application.start_generation import Job
from generation.domain.generation import Generation
from generation.domain.identifiers import OutputId
from generation.domain.output import Output, object_key
from generation.ports.clock import Clock
from generation.ports.ids import IdSource
from generation.ports.media_intake import MediaIntake, OutputUnusable, ReceivedMedia
from generation.ports.media_provider import RunOutput, RunReport
from generation.ports.media_store import MediaStore
from generation.ports.unit_of_work import Transactions

# An object that no job claimed by then was left behind by a crash.
ORPHAN_AFTER = timedelta(hours=24)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivery:
    """What is in the store, and how many of the priced units that is."""

    outputs: Sequence[Output]
    units: int


@dataclass(frozen=True)
class DeliverOutputs:
    """Each output stands or falls alone: three good ones of four are delivered as three."""

    transactions: Transactions
    intake: MediaIntake
    store: MediaStore
    ids: IdSource
    clock: Clock

    async def __call__(self, job: Job, report: RunReport) -> Delivery:
        """Raises StoreUnavailable; what was stored by then is queued for removal."""
        wanted = wanted_count(job.generation)
        kept = await asyncio.gather(
            *(self._keep(job.generation, place, run) for place, run in enumerate(report.outputs[:wanted]))
        )
        outputs = [output for output in kept if output is not None]
        return Delivery(outputs, _units(job.generation, len(outputs), report.usage_units))

    async def _keep(self, generation: Generation, position: int, run_output: RunOutput) -> Output | None:
        try:
            async with self.intake.receive(run_output, modality=generation.modality) as media:
                return await self._store(generation, position, media)
        except OutputUnusable as unusable:
            log.warning("output %s of %s refused: %s", position, generation.generation_id, unusable)
            return None

    async def _store(self, generation: Generation, position: int, media: ReceivedMedia) -> Output:
        output_id = OutputId(self.ids.new("out"))
        output = Output(
            output_id=output_id,
            generation_id=generation.generation_id,
            account_id=generation.account_id,
            position=position,
            object_key=object_key(
                generation.account_id, generation.generation_id, output_id, extension=media.extension
            ),
            media_type=media.media_type,
            size_bytes=media.size_bytes,
            sha256=media.sha256,
            width=media.width,
            height=media.height,
            duration_s=media.duration_s,
        )
        async with self.transactions.of_system() as work:
            await work.deletions.schedule([output.object_key], due_at=self.clock.now() + ORPHAN_AFTER)
        await self.store.put(output.object_key, media)
        return output


def wanted_count(generation: Generation) -> int:
    """How many outputs were asked for."""
    return int(generation.input.get("output_count", 1))


def _units(generation: Generation, stored: int, usage_units: int | None) -> int:
    if usage_units is not None:
        return max(1, usage_units)
    return generation.price.units * stored // wanted_count(generation)
