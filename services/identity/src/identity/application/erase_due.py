"""Erase the accounts whose day has come."""

from dataclasses import dataclass

import structlog

from identity.application.erase_user import EraseUser, EraseUserHandler
from identity.domain.identifiers import UserId
from identity.ports.clock import Clock
from identity.ports.directory import Directory

PAGE_SIZE = 100
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class EraseDueHandler:
    """Each account in a transaction of its own, so that one that can't be erased stops no other."""

    directory: Directory
    erase: EraseUserHandler
    clock: Clock

    async def __call__(self) -> int:
        """Return how many accounts were erased."""
        now, erased = self.clock.now(), 0
        after: UserId | None = None
        while True:
            page = await self.directory.due_erasures(now, after=after, limit=PAGE_SIZE)
            for user_id in page:
                try:
                    erased += await self.erase(EraseUser(user_id=user_id, is_due=True))
                except Exception:
                    log.exception("account can't be erased", user_id=user_id)
            if len(page) < PAGE_SIZE:
                return erased
            after = page[-1]
