"""Show a person where they are signed in."""

from dataclasses import dataclass

from identity.domain.identifiers import UserId
from identity.domain.session import Session
from identity.ports.clock import Clock
from identity.ports.unit_of_work import UnitsOfWork

SHOWN_MAX = 100


@dataclass(frozen=True)
class ListSessionsHandler:
    """Reads what stands; programs that sign in for each run leave more than anybody would look through."""

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, user_id: UserId) -> list[Session]:
        """Return at most SHOWN_MAX open sessions, those that were used last first. Raises UserNotFound."""
        async with self.units.of(user_id) as work:
            await work.users.get(user_id)
            return await work.sessions.open(user_id, self.clock.now(), limit=SHOWN_MAX)
