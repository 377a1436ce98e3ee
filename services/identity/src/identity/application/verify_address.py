"""Remember that an address is proven to be a person's."""

from dataclasses import dataclass
from datetime import datetime

from identity.application.welcome_user import Welcomer
from identity.domain.events import EmailVerified
from identity.domain.identifiers import EventId
from identity.domain.user import User
from identity.domain.welcome import Welcome
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class AddressVerifier:
    """Welcomes whoever waited for that, and tells of the first time, in the caller's transaction."""

    welcomer: Welcomer
    ids: IdSource

    async def verified(self, work: UnitOfWork, before: User, now: datetime) -> User:
        """Store the proof and return the user."""
        user = await self.welcomer.at_confirmation(work, before.verified(now), now)
        await work.users.save(user)
        await work.events.append(
            EmailVerified(
                event_id=EventId(self.ids.new("evt")),
                user_id=user.user_id,
                is_welcomed=before.welcome is Welcome.PENDING and user.welcome is Welcome.GIVEN,
                occurred_at=now,
            )
        )
        return user
