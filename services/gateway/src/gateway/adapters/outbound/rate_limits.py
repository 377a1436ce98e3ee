"""Rate limits by the `limits` library, in memory or, for several replicas, in Redis or Valkey."""

from collections.abc import Mapping

from chassis.rate_limits import open_storage, reset_s
from limits import parse
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from gateway.domain.errors import Unavailable
from gateway.ports.rate_limits import Limit, Quota


class LimitsRateLimits:
    """Counts in sliding windows; implements RateLimits."""

    def __init__(self, storage_uri: str, limits: Mapping[Limit, str]) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(open_storage(storage_uri))
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
            reset_s=reset_s(window),
            admitted=admitted,
        )
