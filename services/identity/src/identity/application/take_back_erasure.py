"""Keep an account that was to be erased."""

from dataclasses import dataclass

from identity.application.tell_person import tell_person
from identity.domain.events import ErasureTakenBack
from identity.domain.identifiers import EventId, UserId
from identity.domain.mail import Notice
from identity.domain.user import User
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class TakeBackErasureHandler:
    """Forgets the day, tells the others, and mails that the account stays."""

    units: UnitsOfWork
    ids: IdSource
    clock: Clock

    async def __call__(self, user_id: UserId) -> User:
        """Idempotent. Raises UserNotFound, also when it is too late."""
        async with self.units.of(user_id) as work:
            before = await work.users.lock(user_id)
            user = before.staying()
            if user == before:
                return user
            now = self.clock.now()
            await work.users.save_leaving(user)
            await work.events.append(
                ErasureTakenBack(
                    event_id=EventId(self.ids.new("evt")),
                    user_id=user_id,
                    revision=user.erasure_revision,
                    occurred_at=now,
                )
            )
            await tell_person(work, user, Notice.ERASURE_TAKEN_BACK, {}, ids=self.ids, now=now)
            return user
