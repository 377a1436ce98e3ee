"""Make something and wait for it: a request that is answered with what came out."""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass

from gateway.application.create_with_previews import PreviewedCreation
from gateway.application.unanswered_generations import UnansweredGenerations
from gateway.application.wait_for_generation import WaitForGeneration, WaitForGenerationHandler
from gateway.application.waiting_room import WaitingRoom
from gateway.application.watcher import Watcher
from gateway.domain.errors import (
    Conflict,
    GatewayError,
    GenerationFailed,
    InvalidRequest,
    RateLimited,
    WaitOver,
)
from gateway.domain.generation import Generation, GenerationStatus, NewGeneration
from gateway.domain.user import Principal
from gateway.ports.generation import Generations

CONTENT_REFUSED = "CONTENT_REFUSED"


@dataclass(frozen=True, kw_only=True)
class RunGeneration:
    """What to make, for whom, and how long they wait.

    `may_come_back` says that the caller has an idempotency key of its own: the generation goes on without it.
    The `watcher` hears of it while it goes on.
    """

    principal: Principal
    new: NewGeneration
    timeout_s: float
    may_come_back: bool
    watcher: Watcher | None = None


@dataclass(frozen=True)
class RunGenerationHandler:
    """Starts a generation and waits until it has succeeded."""

    generations: Generations
    wait_for_generation: WaitForGenerationHandler
    room: WaitingRoom
    unanswered: UnansweredGenerations
    previewed: PreviewedCreation

    async def __call__(self, command: RunGeneration) -> tuple[Generation, bool]:
        """Return it once it has succeeded; the flag says that it was made before, under the same key.

        Whoever gives up (a cancelled task), or has waited `timeout_s`, has it cancelled, unless they may come
        back for it. Raises what `Generations.create` raises, GenerationFailed, InvalidRequest
        (CONTENT_REFUSED), Conflict (GENERATION_CANCELLED), WaitOver, and RateLimited (TOO_MANY_WAITING):
        nothing was begun then.
        """
        with self.room.place(command.principal.user_id) as is_admitted:
            if not is_admitted:
                raise RateLimited(
                    "As many requests wait for their generations as may.",
                    retry_after_s=2,
                    reason="TOO_MANY_WAITING",
                )
            try:
                with self.unanswered.under_way():
                    return await self._run(command)
            finally:
                if command.watcher is not None:
                    await command.watcher.close()

    async def _run(self, command: RunGeneration) -> tuple[Generation, bool]:
        made, replayed = await self._begun(command)
        if command.watcher is not None:
            command.watcher.begun(made, is_replayed=replayed)
        ended = made if made.status.is_final else await self._end_of(command, made)
        if not ended.status.is_final:
            await self._give_up(command)
            raise WaitOver(
                f"{ended.generation_id} has not ended within {command.timeout_s:.0f} seconds"
                + (": ask again with the same key." if command.may_come_back else " and was cancelled.")
            )
        _require_success(ended)
        if command.watcher is not None:
            await command.watcher.heard()
        return ended, replayed

    async def _begun(self, command: RunGeneration) -> tuple[Generation, bool]:
        # Shielded: what was begun must be known, to be withdrawn.
        creating = asyncio.ensure_future(self._created(command))
        try:
            return await asyncio.shield(creating)
        except asyncio.CancelledError:
            with suppress(GatewayError):
                await creating
                await self._give_up(command)
            raise

    async def _created(self, command: RunGeneration) -> tuple[Generation, bool]:
        user_id, watcher = command.principal.user_id, command.watcher
        async with self._withdrawn(command):
            if watcher is not None and watcher.previews_max:
                return await self.previewed.begin(user_id, command.new, watcher)
            return await self.generations.create(user_id, command.new)

    async def _end_of(self, command: RunGeneration, made: Generation) -> Generation:
        waiting = WaitForGeneration(
            principal=command.principal, generation_id=made.generation_id, timeout_s=command.timeout_s
        )
        async with self._withdrawn(command, has_begun=True):
            return await self.wait_for_generation(waiting)

    def _withdrawn(
        self, command: RunGeneration, *, has_begun: bool = False
    ) -> AbstractAsyncContextManager[None]:
        return self.unanswered.withdrawn(
            command.principal.user_id,
            command.new.idempotency_key,
            may_come_back=command.may_come_back,
            has_begun=has_begun,
        )

    async def _give_up(self, command: RunGeneration) -> None:
        """Cancel it, where nobody comes back for it and where that is still possible."""
        if not command.may_come_back:
            await self.unanswered.withdraw(command.principal.user_id, command.new.idempotency_key)


def _require_success(ended: Generation) -> None:
    if ended.status is GenerationStatus.SUCCEEDED:
        return
    if ended.status is GenerationStatus.CANCELLED:
        raise Conflict(f"{ended.generation_id} was cancelled.", reason="GENERATION_CANCELLED")
    failure = ended.failure
    if failure is not None and failure.reason == CONTENT_REFUSED:
        raise InvalidRequest(failure.detail, reason=CONTENT_REFUSED)
    raise GenerationFailed(f"{failure.detail} ({failure.reason})" if failure else "Nothing came out of it.")
