"""Jobs that are shown while they are made, over the house's memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from generation.adapters.inbound.account_slots import AccountSlots
from generation.adapters.inbound.jobs_in_hand import JobsInHand
from generation.adapters.inbound.previewed_jobs import PreviewedJobs
from generation.adapters.outbound.memory_services import ABLE, MemoryProvider
from generation.application.chosen_media import MediaChooser
from generation.application.create_generation import CreateGenerationHandler
from generation.application.entitlement_check import EntitlementCheck
from generation.application.keep_leases import LeaseKeeper
from generation.application.preview_generation import Accepted, PreviewGeneration, PreviewGenerationHandler
from generation.application.show_previews import ShownPreview
from generation.application.start_in_call import InCallStarter
from generation.domain.generation import Generation
from generation.domain.identifiers import RunId
from generation.ports.media_provider import Preview, Run
from generation_house import House, command

NAME = "wrk_previews"
MODEL = "openai/gpt-image-1"


@dataclass
class ShowingProvider(MemoryProvider):
    """Shows what a test wrote as soon as a run is submitted."""

    previews: list[bytes] = field(default_factory=lambda: [b"one", b"two", b"three"])

    def __post_init__(self) -> None:
        self.capabilities = replace(ABLE, previews=True)

    async def submit(self, run: Run) -> RunId:
        run_id = await super().submit(run)
        for content in self.previews[: run.previews_max]:
            run.on_preview(Preview(content))
        return run_id


class Previewed:
    """A process that runs jobs with previews, over a house's database."""

    def __init__(self, house: House, *, per_account_most: int = 4) -> None:
        self.house = house
        units, clock = house.units, house.clock
        worker = house.worker(NAME)
        create = CreateGenerationHandler(
            units,
            house.catalogue,
            house.checker,
            None,
            house.credits,
            house.ids,
            house.dice,
            clock,
            EntitlementCheck(clock),
            MediaChooser(clock),
            queue_timeout_s=3600,
        )
        starter = InCallStarter(units, house.credits, house.ids, clock, worker.gate, worker=NAME, lease_s=15)
        accept = PreviewGenerationHandler(
            create, house.catalogue, starter, house.intake, frozenset({"openai"})
        )
        self.in_hand = JobsInHand(
            worker.run_job, LeaseKeeper(units, clock, worker=NAME, lease_s=15), drain_s=0.1
        )
        self.jobs = PreviewedJobs(
            accept, self.in_hand, AccountSlots("jobs", most=16, per_account_most=per_account_most)
        )

    async def opened(self, **changes: Any) -> Accepted:
        """A job that was accepted."""
        return await self.jobs.open(asked(**changes))

    def stored(self, accepted: Accepted) -> Generation:
        """The job as the database has it."""
        return self.house.units.tables.generations[accepted.generation.generation_id]

    async def ended(self, accepted: Accepted) -> Generation:
        """The job once this process has let go of it."""
        async with asyncio.timeout(10):
            while accepted.generation.generation_id in {
                job.generation.generation_id for job in self.in_hand.jobs
            }:
                await asyncio.sleep(0.001)
        return self.stored(accepted)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let go of everything, whatever the test did."""
        try:
            yield
        finally:
            await self.in_hand.drain()


def asked(*, previews_max: int = 2, model: str = MODEL, **changes: Any) -> PreviewGeneration:
    """Alice's request."""
    return PreviewGeneration(wanted=command(model=model, **changes), previews_max=previews_max)


async def seen(accepted: Accepted) -> list[ShownPreview]:
    """What whoever called is shown, until there is no more."""
    assert accepted.showing is not None
    async with asyncio.timeout(10):
        return [preview async for preview in accepted.showing]
