"""Rate limits by the `limits` library, in memory or in Redis or Valkey."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from chassis.rate_limits import open_storage, reset_s
from limits import RateLimitItem, parse
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from identity.domain.client_network import client_of, neighbourhood_of
from identity.domain.errors import ThrottleUnavailable, TooManyAttempts
from identity.domain.identifiers import DeviceId
from identity.domain.user import EmailAddress
from identity.ports.throttle import Action


@dataclass(frozen=True)
class ActionLimits:
    """The limits of one action, as `limits` writes them: `10/5 minutes`."""

    per_account: str
    """Of one client on one address."""
    per_client: str
    """Of one client on all addresses."""
    per_address: str
    """Of all clients on one address."""


class LimitsThrottle:
    """Counts in moving windows; several replicas share their counts through Redis; implements Throttle."""

    def __init__(
        self,
        storage_uri: str,
        limits: Mapping[Action, ActionLimits],
        *,
        log_in_per_device: str,
        sign_up_per_network: str,
    ) -> None:
        self._limiter = MovingWindowRateLimiter(open_storage(storage_uri))
        self._per_client = {action: parse(bounds.per_client) for action, bounds in limits.items()}
        self._per_account = {action: parse(bounds.per_account) for action, bounds in limits.items()}
        self._per_address = {action: parse(bounds.per_address) for action, bounds in limits.items()}
        self._per_device = parse(log_in_per_device)
        self._per_network = parse(sign_up_per_network)

    async def admit(self, action: Action, *, client_address: str | None, email: EmailAddress) -> None:
        """See Throttle."""
        client, address = client_of(client_address), email.lower()
        async with _storage_errors():
            await self._hit(self._per_client[action], action, "client", client)
            await self._hit(self._per_account[action], action, client, address)
            await self._hit(self._per_address[action], action, "address", address)

    async def admit_device(self, device_id: DeviceId) -> None:
        """See Throttle."""
        async with _storage_errors():
            await self._hit(self._per_device, Action.LOG_IN, "device", device_id)

    async def admit_sign_up(self, client_address: str | None) -> None:
        """See Throttle."""
        async with _storage_errors():
            await self._hit(self._per_network, "sign_up", neighbourhood_of(client_address))

    async def forgive(
        self, *, client_address: str | None, email: EmailAddress, device_id: DeviceId | None = None
    ) -> None:
        """See Throttle."""
        with suppress(StorageError):
            if device_id is not None:
                await self._limiter.clear(self._per_device, Action.LOG_IN, "device", device_id)
            else:
                client = client_of(client_address)
                limit = self._per_account[Action.LOG_IN]
                await self._limiter.clear(limit, Action.LOG_IN, client, email.lower())

    async def _hit(self, limit: RateLimitItem, *key: str) -> None:
        if not await self._limiter.hit(limit, *key):
            window = await self._limiter.get_window_stats(limit, *key)
            raise TooManyAttempts(retry_after_s=reset_s(window))


@asynccontextmanager
async def _storage_errors() -> AsyncIterator[None]:
    try:
        yield
    except StorageError as error:
        raise ThrottleUnavailable from error
