"""Whether a provider may be asked now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from generation.domain.identifiers import GenerationId, ModelId
from generation.domain.provider_pause import ProviderPause
from generation.ports.media_provider import RunReport


@dataclass(frozen=True)
class Call:
    """A job that a provider is asked to run."""

    provider: str
    model_id: ModelId
    generation_id: GenerationId


class ProviderGuard(Protocol):
    """Keeps jobs from a provider for a reason of its own. Nothing here waits, or raises.

    A guard needs only what it goes by: everything else does nothing. `is_queue`: nothing is wrong where it
    is closed, there is no place.
    """

    is_queue: bool = False

    def pauses(self) -> Sequence[ProviderPause]:
        """Return what is wrong now, for people to see."""
        return ()

    def closed_until(self, call: Call) -> datetime | None:
        """Return when the call may be made, or when to ask again; None when it may be made now."""
        return None

    def enter(self, call: Call) -> None:
        """Note that it is made now: it was not closed."""
        return

    def resumed(self, call: Call) -> None:
        """Note that its run goes on here, and was begun elsewhere or earlier."""
        return

    def heard(self, call: Call, report: RunReport) -> None:
        """Note how the run ended, or that it could not begin."""
        return

    def left(self, call: Call) -> None:
        """Note that nobody here waits for its run any more. Idempotent; it may never have been made."""
        return
