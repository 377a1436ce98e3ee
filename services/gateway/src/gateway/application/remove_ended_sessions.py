"""Forget console sessions whose session at identity has ended."""

from dataclasses import dataclass

from gateway.ports.console_sessions import ConsoleSessionStore
from gateway.ports.identity import SESSION_IDS_MAX, Identity


@dataclass(frozen=True)
class RemoveEndedSessionsHandler:
    """Looks at every row, some at a time: no fact has to be heard for what an erased person left to go."""

    store: ConsoleSessionStore
    identity: Identity

    async def __call__(self) -> int:
        """Return how many rows went. Raises Unavailable when identity can't say: then nothing goes."""
        after, removed = None, 0
        while True:
            page = await self.store.session_ids(after=after, limit=SESSION_IDS_MAX)
            if not page:
                return removed
            ended = set(page) - await self.identity.open_sessions(page)
            removed += await self.store.remove_sessions(ended) if ended else 0
            after = page[-1]
