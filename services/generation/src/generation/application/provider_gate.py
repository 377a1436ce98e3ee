"""Keeps jobs from providers that should not be asked now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from generation.domain.provider_pause import ProviderPause
from generation.ports.media_provider import RunReport
from generation.ports.provider_guard import Call, ProviderGuard


@dataclass(frozen=True)
class ProviderGate:
    """One for all jobs of a worker: closed for as long as the strictest of its guards says."""

    guards: Sequence[ProviderGuard]

    def pauses(self) -> Sequence[ProviderPause]:
        """Return which providers are left alone, and why; nothing of those that are only full."""
        return [pause for guard in self.guards for pause in guard.pauses()]

    def closed_until(self, call: Call) -> datetime | None:
        """Return when the call may be made, or when to ask again; None when it may be made now."""
        closed = (guard.closed_until(call) for guard in self.guards)
        return max((until for until in closed if until is not None), default=None)

    def is_full(self, call: Call) -> bool:
        """Whether the call has to wait, and for nothing but its place."""
        closed = [guard for guard in self.guards if guard.closed_until(call) is not None]
        return bool(closed) and all(guard.is_queue for guard in closed)

    def enter(self, call: Call) -> datetime | None:
        """Return the same for a call that is made now: what is open has let it in."""
        until = self.closed_until(call)
        if until is None:
            for guard in self.guards:
                guard.enter(call)
        return until

    def resumed(self, call: Call) -> None:
        """Note that a run goes on here which was begun elsewhere or earlier."""
        for guard in self.guards:
            guard.resumed(call)

    def heard(self, call: Call, report: RunReport) -> None:
        """Note how a run ended, or that it could not begin."""
        for guard in self.guards:
            guard.heard(call, report)

    def left(self, call: Call) -> None:
        """Note that nobody here waits for the run any more."""
        for guard in self.guards:
            guard.left(call)
