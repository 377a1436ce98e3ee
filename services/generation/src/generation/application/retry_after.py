"""Leaves a provider alone for as long as it asked to be."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from generation.domain.identifiers import ModelId
from generation.domain.provider_pause import PauseReason, ProviderPause
from generation.ports.clock import Clock
from generation.ports.media_provider import RunReport
from generation.ports.provider_guard import Call, ProviderGuard

# Whoever was told waits as long as it was told; others are held back no longer than this.
PAUSE_MAX_S = 300.0


class RetryAfterGuard(ProviderGuard):
    """What one job was told counts for every job of that model there: each would be told the same."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[tuple[str, ModelId], datetime] = {}
        self._since: dict[tuple[str, ModelId], datetime] = {}

    def pauses(self) -> Sequence[ProviderPause]:
        now = self._clock.now()
        return [
            ProviderPause(
                provider=provider,
                model_id=model_id,
                reason=PauseReason.ASKED_TO_WAIT,
                since=self._since[provider, model_id],
                until=until,
            )
            for (provider, model_id), until in self._until.items()
            if now < until
        ]

    def closed_until(self, call: Call) -> datetime | None:
        until = self._until.get((call.provider, call.model_id))
        return until if until and self._clock.now() < until else None

    def heard(self, call: Call, report: RunReport) -> None:
        # Trouble with our account has a pause of its own.
        if report.retry_after_s and not report.account_trouble:
            asked = timedelta(seconds=min(report.retry_after_s, PAUSE_MAX_S))
            now = self._clock.now()
            place, until = (call.provider, call.model_id), now + asked
            if now >= self._until.get(place, now):
                self._since[place] = now
            self._until[place] = max(until, self._until.get(place, until))
