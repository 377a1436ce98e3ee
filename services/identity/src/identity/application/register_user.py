"""Store a new user together with the fact that there is one."""

from dataclasses import dataclass

from identity.application.welcome_user import Welcomer
from identity.domain.events import UserRegistered
from identity.domain.identifiers import EventId
from identity.domain.user import User
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class UserRegistrar:
    """The one place where users begin, so that no way in forgets the event."""

    ids: IdSource
    welcomer: Welcomer

    async def register(self, work: UnitOfWork, user: User) -> User:
        """Store the user and UserRegistered in the caller's transaction; raises EmailTaken."""
        user = await self.welcomer.at_start(work, user, user.created_at)
        await work.users.add(user)
        await work.events.append(
            UserRegistered(
                event_id=EventId(self.ids.new("evt")),
                user_id=user.user_id,
                email=user.email,
                full_name=user.full_name,
                welcome=user.welcome,
                occurred_at=user.created_at,
            )
        )
        return user
