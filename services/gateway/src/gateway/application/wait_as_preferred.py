"""Wait for a generation that was just started, as long as its caller would like to."""

from dataclasses import dataclass

from gateway.application.wait_for_generation import WaitForGeneration, WaitForGenerationHandler
from gateway.application.waiting_room import WaitingRoom
from gateway.domain.errors import NotFound, TimedOut, Unavailable
from gateway.domain.generation import Generation
from gateway.domain.user import Principal


@dataclass(frozen=True, kw_only=True)
class WaitAsPreferred:
    """Who would wait for what, and for how many seconds."""

    principal: Principal
    generation: Generation
    preferred_s: int


@dataclass(frozen=True, kw_only=True)
class WaitAsPreferredHandler:
    """Grants a preference where there is room, and bounds it: 0 grants none."""

    wait_for_generation: WaitForGenerationHandler
    room: WaitingRoom
    wait_max_s: int

    async def __call__(self, command: WaitAsPreferred) -> tuple[Generation, int | None]:
        """Return it as it is when it ends or the time is over, and how long that was to be; None: at once.

        Whoever gives up (a cancelled task) leaves the generation as it is: it goes on, as it does for those
        who do not wait. Raises Unauthenticated once the session or the key has ended that asks.
        """
        wait_s = min(command.preferred_s, self.wait_max_s)
        if wait_s < 1:
            return command.generation, None
        with self.room.place(command.principal.user_id) as is_admitted:
            if not is_admitted:
                return command.generation, None
            return await self._end_of(command, wait_s), wait_s

    async def _end_of(self, command: WaitAsPreferred, wait_s: int) -> Generation:
        made = command.generation
        if made.status.is_final:
            return made
        waiting = WaitForGeneration(
            principal=command.principal, generation_id=made.generation_id, timeout_s=float(wait_s)
        )
        try:
            return await self.wait_for_generation(waiting)
        except (Unavailable, TimedOut, NotFound):
            # It was made all the same, and its id is what the caller needs most.
            return made
