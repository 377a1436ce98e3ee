"""Rate limits by the `limits` library, in memory or, for several replicas, in Redis or Valkey."""

from collections.abc import Mapping
from math import ceil
from time import time
from typing import cast

from limits import parse
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from gateway.domain.errors import Unavailable
from gateway.ports.rate_limits import Limit, Quota

_TIMEOUT_S = 2.0


class LimitsRateLimits:
    """Counts in sliding windows; implements RateLimits."""

    def __init__(self, storage_uri: str, limits: Mapping[Limit, str]) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(_storage(storage_uri))
        self._limits = {limit: parse(text) for limit, text in limits.items()}

    async def hit(self, limit: Limit, key: str) -> Quota:
        """See RateLimits."""
        rule = self._limits[limit]
        try:
            admitted = await self._limiter.hit(rule, limit.value, key)
            window = await self._limiter.get_window_stats(rule, limit.value, key)
        except StorageError as error:
            raise Unavailable(
                "The request can't be counted right now. Try again soon.", reason="RATE_LIMITS_UNAVAILABLE"
            ) from error
        return Quota(
            limit=limit,
            allowed=rule.amount,
            window_s=rule.get_expiry(),
            remaining=window.remaining,
            reset_s=max(1, ceil(window.reset_time - time())),
            admitted=admitted,
        )


def _storage(uri: str) -> Storage:
    options: dict[str, str | float | bool] = {"wrap_exceptions": True}
    if not uri.startswith("memory:"):
        # Valkey speaks Redis' protocol, so that one client serves both.
        uri = uri.replace("valkey", "redis", 1)
        options |= {
            "implementation": "redispy",
            "socket_timeout": _TIMEOUT_S,
            "socket_connect_timeout": _TIMEOUT_S,
        }
    return cast(Storage, storage_from_string(f"async+{uri}", **options))
