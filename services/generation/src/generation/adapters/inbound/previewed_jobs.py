"""Runs jobs whose pictures are shown while they are made: as workers do, in the process that was called."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from chassis.process import forever
from prometheus_client import Gauge

from generation.adapters.inbound.account_slots import AccountSlots
from generation.adapters.inbound.jobs_in_hand import RENEW_EVERY_S, JobsInHand
from generation.application.preview_generation import (
    Accepted,
    PreviewGeneration,
    PreviewGenerationHandler,
)
from generation.application.show_previews import Showing

OPEN = Gauge("generation_previewed_jobs", "Jobs with previews that run in this process")


class PreviewedJobs:
    """Whoever called may leave: the job goes on, and ends, as any other.

    Leases are held by `renewing`, also while the process stops: calls that are paid for may end until then,
    and workers go on with the rest (`let_go_at_the_end`).
    """

    def __init__(self, accept: PreviewGenerationHandler, in_hand: JobsInHand, slots: AccountSlots) -> None:
        self._accept = accept
        self._in_hand = in_hand
        self._slots = slots

    async def open(self, command: PreviewGeneration) -> Accepted:
        """Accept a job, and start it where it is one that starts here.

        Raises TooManyStreams, and what PreviewGenerationHandler raises.
        """
        slot = contextlib.ExitStack()
        slot.enter_context(self._slots.slot(command.wanted.account_id))
        # Whoever leaves meanwhile leaves a job that is begun, and goes on.
        return await asyncio.shield(asyncio.create_task(self._opened(command, slot)))

    @asynccontextmanager
    async def renewing(self) -> AsyncIterator[None]:
        """Hold the leases while this is open; then let go of what was begun late."""
        task = asyncio.create_task(
            forever(self._in_hand.renew, every_s=RENEW_EVERY_S, name="renew leases of previewed jobs")
        )
        try:
            yield
        finally:
            await self._in_hand.drain()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def let_go_at_the_end(self) -> None:
        """Wait until the process stops, and let go of what runs while its calls end.

        Calls last as long as the jobs that they show: after them there would be no time left.
        """
        try:
            await asyncio.Event().wait()
        finally:
            await self._in_hand.let_go()

    async def _opened(self, command: PreviewGeneration, slot: contextlib.ExitStack) -> Accepted:
        with slot:
            accepted = await self._accept(command)
            if accepted.job is not None and accepted.showing is not None:
                slot.enter_context(_looked_into(accepted.showing))
                held = slot.pop_all()
                self._in_hand.launch(accepted.job, lambda: self._ended(held))
                OPEN.set(len(self._in_hand))
            return accepted

    def _ended(self, held: contextlib.ExitStack) -> None:
        held.close()
        OPEN.set(len(self._in_hand))


@contextlib.contextmanager
def _looked_into(showing: Showing) -> Iterator[None]:
    looking = asyncio.create_task(showing.look())
    try:
        yield
    finally:
        showing.close()
        looking.cancel()
