"""Runs accepted chats: each as a task of this process, under a lease, until it has ended and is settled."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from chassis.process import forever
from prometheus_client import Gauge

from generation.adapters.inbound.account_slots import AccountSlots
from generation.application.finish_attempt import INTERRUPTED, LeaseLost
from generation.application.keep_leases import LeaseKeeper
from generation.application.run_chat import CLIENT_LEFT, ChatEnd, RunChatHandler
from generation.application.stream_generation import StreamGeneration, StreamGenerationHandler, Talk
from generation.domain.generation import Failure, Generation
from generation.domain.identifiers import AttemptId, GenerationId

RENEW_EVERY_S = 1.0
LOST = Failure("INTERRUPTED", "the job was ended by somebody else")
OPEN = Gauge("generation_interactive_streams", "Chats that run in this process")
log = structlog.get_logger(__name__)


@dataclass
class Running:
    """A chat that runs here, for whoever listens to it."""

    talk: Talk
    task: asyncio.Task[ChatEnd]

    @property
    def accepted(self) -> Generation:
        """The job, as it was when its credits were reserved."""
        return self.talk.job.generation

    def chunks(self) -> AsyncIterator[Sequence[bytes]]:
        """Yield what comes, together what waits. Nothing is read ahead of the listener but a few chunks."""
        return aiter(self.talk.unread)

    async def ended(self) -> ChatEnd:
        """Return how it ended. Raises LeaseLost where that is not known here."""
        return await asyncio.shield(self.task)

    def leave(self) -> None:
        """Note that nobody listens any more."""
        self.talk.stop(CLIENT_LEFT)


class Streams:
    """As many chats at once as `most`, and as `per_account_most` of one account.

    Leases are held by `renewing`, also while the process stops: chats that run may end until then.
    """

    def __init__(
        self,
        accept: StreamGenerationHandler,
        run: RunChatHandler,
        leases: LeaseKeeper,
        *,
        most: int,
        per_account_most: int,
    ) -> None:
        self._accept = accept
        self._run = run
        self._leases = leases
        self._slots = AccountSlots("chats", most=most, per_account_most=per_account_most)
        self._talks: dict[GenerationId, Talk] = {}
        self._tasks: set[asyncio.Task[ChatEnd]] = set()
        self._missing: set[AttemptId] = set()

    @property
    def name(self) -> str:
        """What its leases say."""
        return self._leases.worker

    async def open(self, command: StreamGeneration) -> Running | Generation:
        """Accept and start a chat; return the job that has ended, where its key was known.

        Raises TooManyStreams, and what StreamGenerationHandler raises.
        """
        slot = contextlib.ExitStack()
        slot.enter_context(self._slots.slot(command.account_id))
        # Whoever leaves meanwhile leaves a job that is begun, and is ended as any other.
        opening = asyncio.create_task(self._opened(command, slot))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_leave)
            raise

    async def _opened(self, command: StreamGeneration, slot: contextlib.ExitStack) -> Running | Generation:
        with slot:
            talk = await self._accept(command)
            if isinstance(talk, Generation):
                return talk
            task = asyncio.create_task(self._followed(talk, slot.pop_all()))
            self._tasks.add(task)
            task.add_done_callback(self._done)
            return Running(talk, task)

    async def renew(self) -> None:
        """Hold the leases; a chat whose lease is lost is stopped, because it was ended elsewhere."""
        jobs = [talk.job for talk in self._talks.values()]
        lost = {job.attempt.attempt_id for job in await self._leases.renew(jobs)} if jobs else set()
        # Missing once may mean that it has just ended, or goes to the next provider.
        for attempt_id in lost & self._missing:
            for talk in self._talks.values():
                if talk.job.attempt.attempt_id == attempt_id:
                    log.warning("lease lost", attempt_id=attempt_id)
                    talk.stop(LOST)
        self._missing = lost

    @asynccontextmanager
    async def renewing(self) -> AsyncIterator[None]:
        """Hold the leases while this is open; then let nothing go on, and settle what came."""
        task = asyncio.create_task(forever(self.renew, every_s=RENEW_EVERY_S, name="renew leases"))
        try:
            yield
        finally:
            await self.stop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def stop(self) -> None:
        """End what still runs, with what has come by now."""
        for talk in list(self._talks.values()):
            talk.stop(INTERRUPTED)
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _done(self, task: asyncio.Task[ChatEnd]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # It is in the log already, and its client may have left.
            task.exception()

    async def _followed(self, talk: Talk, slot: contextlib.ExitStack) -> ChatEnd:
        key = talk.job.generation.generation_id
        self._talks[key] = talk
        OPEN.set(len(self._talks))
        try:
            with slot:
                return await self._run(talk)
        except LeaseLost:
            log.warning("chat was ended elsewhere", generation_id=key)
            raise
        except Exception:
            log.exception("chat is left to the sweepers", generation_id=key)
            raise
        finally:
            del self._talks[key]
            OPEN.set(len(self._talks))
            talk.unread.close()


def _leave(opening: asyncio.Task[Running | Generation]) -> None:
    if opening.cancelled() or opening.exception() is not None:
        return
    if isinstance(opened := opening.result(), Running):
        opened.leave()
