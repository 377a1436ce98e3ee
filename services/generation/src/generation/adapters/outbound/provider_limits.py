"""How much a provider is asked for at a time, by its settings."""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from chassis.rate_limits import RateLimit
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from pydantic import Field
from pydantic_settings import BaseSettings

from generation.domain.identifiers import GenerationId
from generation.ports.clock import Clock
from generation.ports.provider_guard import Call, ProviderGuard

# When a run ends nobody can know: whoever waits for its place looks again after so long.
LOOK_AGAIN_S = 2.0


class LimitSettings(BaseSettings):
    """What each provider's settings have besides its own, as `GENERATION_<NAME>_...`."""

    # Runs at once, and submits in a time ("60/minute"), of one worker; none: as many as there are jobs.
    runs_max: int | None = Field(default=None, ge=1, le=10_000)
    rate: RateLimit | None = None


@dataclass(frozen=True)
class Limits:
    """A provider's own; None is none."""

    runs_max: int | None = None
    rate: RateLimitItem | None = None


def limits_in(settings: BaseSettings) -> Limits:
    """Return what a provider's settings say of it."""
    if not isinstance(settings, LimitSettings):
        return Limits()
    return Limits(settings.runs_max, parse(settings.rate) if settings.rate else None)


class LimitGuard(ProviderGuard):
    """Counts this process's own runs and submits; a run that was begun elsewhere has its place as well."""

    is_queue = True

    def __init__(self, limits: Mapping[str, Limits], clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._running: defaultdict[str, set[GenerationId]] = defaultdict(set)

    @cached_property
    def _rates(self) -> MovingWindowRateLimiter:
        return MovingWindowRateLimiter(MemoryStorage())

    def closed_until(self, call: Call) -> datetime | None:
        limits = self._limits.get(call.provider, Limits())
        now = self._clock.now()
        if limits.rate is not None:
            window = self._rates.get_window_stats(limits.rate, call.provider)
            if window.remaining < 1:
                # The library goes by the machine's clock.
                return now + timedelta(seconds=max(0.0, window.reset_time - time.time()))
        if limits.runs_max is not None and len(self._running[call.provider]) >= limits.runs_max:
            return now + timedelta(seconds=LOOK_AGAIN_S)
        return None

    def enter(self, call: Call) -> None:
        limits = self._limits.get(call.provider, Limits())
        if limits.rate is not None:
            self._rates.hit(limits.rate, call.provider)
        self.resumed(call)

    def resumed(self, call: Call) -> None:
        self._running[call.provider].add(call.generation_id)

    def left(self, call: Call) -> None:
        self._running[call.provider].discard(call.generation_id)
