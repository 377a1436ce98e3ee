"""Forget console sessions that nobody came back to."""

from dataclasses import dataclass

from gateway.ports.clock import Clock
from gateway.ports.console_sessions import ConsoleSessionStore

BATCH_MAX = 1_000


@dataclass(frozen=True)
class RemoveExpiredSessionsHandler:
    """Sweeps the store; called now and then."""

    store: ConsoleSessionStore
    clock: Clock

    async def __call__(self) -> None:
        """Forget a batch of those that are over."""
        await self.store.remove_expired(self.clock.now(), count_max=BATCH_MAX)
