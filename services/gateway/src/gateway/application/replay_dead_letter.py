"""Have an event applied again that a service gave up."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.domain.administration import Actor
from gateway.domain.dead_letter import DeadLetter
from gateway.domain.errors import NotFound
from gateway.domain.identifiers import DeadLetterId
from gateway.ports.dead_letters import DeadLetters


@dataclass(frozen=True, kw_only=True)
class ReplayDeadLetter:
    """Which, at which service, who wants it and why."""

    actor: Actor
    service: str
    letter_id: DeadLetterId
    reason: str | None


@dataclass(frozen=True)
class ReplayDeadLetterHandler:
    """Asks the service that keeps it, which applies it once and tells of it."""

    services: Mapping[str, DeadLetters]

    async def __call__(self, command: ReplayDeadLetter) -> DeadLetter:
        """Return how it stands: one that fails again waits on, with its new error.

        Raises NotFound (DEAD_LETTER_NOT_FOUND), Forbidden (NOT_AN_ADMIN), Unavailable.
        """
        if command.service not in self.services:
            raise NotFound("There is no such dead letter.", reason="DEAD_LETTER_NOT_FOUND")
        letters = self.services[command.service]
        return await letters.replay(command.actor, command.letter_id, reason=command.reason)
