"""Keeps jobs from a provider at which our own account is in trouble."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from generation.ports.clock import Clock
from generation.ports.media_provider import RunReport, RunState
from generation.ports.meter import Meter

PAUSE_MIN_S, PAUSE_MAX_S = 30.0, 300.0
log = structlog.get_logger(__name__)


@dataclass
class Closed:
    """A provider that turned our account away; each refusal doubles the pause."""

    until: datetime
    pause_s: float


@dataclass(frozen=True)
class ProviderGate:
    """One for all jobs of a worker. Operators are told once, when it closes, and see it by a gauge."""

    clock: Clock
    meter: Meter
    pause_s: float = PAUSE_MIN_S
    _closed: dict[str, Closed] = field(default_factory=dict)

    def closed_until(self, provider: str) -> datetime | None:
        """When the provider may be called again; None when it may be now."""
        closed = self._closed.get(provider)
        return closed.until if closed and self.clock.now() < closed.until else None

    def enter(self, provider: str) -> datetime | None:
        """Return the same for a call that is made now: one a pause finds out whether the trouble is over."""
        until = self.closed_until(provider)
        if until is None and (closed := self._closed.get(provider)):
            closed.until = self.clock.now() + timedelta(seconds=closed.pause_s)
        return until

    def heard(self, provider: str, report: RunReport) -> None:
        """Close for our account's trouble; open once the provider has dealt with a request."""
        if report.account_trouble:
            self._close(provider, report)
        elif report.state is RunState.SUCCEEDED or (report.state is RunState.FAILED and not report.retryable):
            self._open(provider)

    def _close(self, provider: str, report: RunReport) -> None:
        before = self._closed.get(provider)
        pause_s = min(PAUSE_MAX_S, before.pause_s * 2) if before else self.pause_s
        pause_s = max(pause_s, report.retry_after_s or 0)
        self._closed[provider] = Closed(self.clock.now() + timedelta(seconds=pause_s), pause_s)
        if before is None:
            log.error("our account needs attention: its jobs wait or go elsewhere", provider=provider)
            self.meter.account_trouble(provider, troubled=True)

    def _open(self, provider: str) -> None:
        if self._closed.pop(provider, None):
            log.warning("our account is well again", provider=provider)
            self.meter.account_trouble(provider, troubled=False)
