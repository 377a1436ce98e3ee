"""Rate limits by the `limits` library, in memory or in Redis or Valkey."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from math import ceil
from time import time
from typing import cast

from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from identity.domain.errors import ThrottleUnavailable, TooManyAttempts
from identity.domain.user import EmailAddress
from identity.ports.throttle import Action

_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class ActionLimits:
    """The limits of one action, as `limits` writes them: `10/5 minutes`."""

    per_account: str
    per_client: str


class LimitsThrottle:
    """Counts in moving windows; several replicas share their counts through Redis; implements Throttle."""

    def __init__(self, storage_uri: str, limits: Mapping[Action, ActionLimits]) -> None:
        self._limiter = MovingWindowRateLimiter(_storage(storage_uri))
        self._limits = {
            action: (parse(texts.per_account), parse(texts.per_client)) for action, texts in limits.items()
        }

    async def admit(self, action: Action, *, client_address: str, email: EmailAddress) -> None:
        """See Throttle."""
        per_account, per_client = self._limits[action]
        async with _storage_errors():
            await self._hit(per_client, action, client_address)
            await self._hit(per_account, action, client_address, email.lower())

    async def forgive(self, action: Action, *, client_address: str, email: EmailAddress) -> None:
        """See Throttle."""
        per_account, _ = self._limits[action]
        with suppress(StorageError):
            await self._limiter.clear(per_account, action, client_address, email.lower())

    async def _hit(self, limit: RateLimitItem, *key: str) -> None:
        if not await self._limiter.hit(limit, *key):
            window = await self._limiter.get_window_stats(limit, *key)
            raise TooManyAttempts(retry_after_s=max(1, ceil(window.reset_time - time())))


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


@asynccontextmanager
async def _storage_errors() -> AsyncIterator[None]:
    try:
        yield
    except StorageError as error:
        raise ThrottleUnavailable from error
