"""Have an account erased, after a time in which that can be taken back."""

from dataclasses import dataclass
from datetime import timedelta

from identity.application.record_act import ActRecorder
from identity.application.tell_person import tell_person
from identity.domain.audit import Action, Actor, checked_reason
from identity.domain.events import ErasureRequested
from identity.domain.identifiers import EventId, UserId
from identity.domain.mail import Notice
from identity.domain.user import User
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class OthersWord:
    """Who asks for the person, and why; both are recorded."""

    actor: Actor
    reason: str | None


@dataclass(frozen=True)
class RequestErasureHandler:
    """Sets the day, tells the others and mails it: no stranger at a keyboard takes an account away."""

    units: UnitsOfWork
    recorder: ActRecorder
    ids: IdSource
    clock: Clock
    grace: timedelta

    async def __call__(self, user_id: UserId, word: OthersWord | None = None) -> User:
        """Idempotent; the first request's day stays, and is mailed once.

        Without a `word` it is the person who asks. Raises UserNotFound, StillAdministrator, and InvalidField
        for a reason that is too long.
        """
        now = self.clock.now()
        erased_from = now + self.grace
        async with self.units.of(user_id) as work:
            before = await work.users.lock(user_id)
            before.require_no_administrator()
            user = before.leaving(erased_from)
            if user == before:
                return user
            await work.users.save_leaving(user)
            await work.events.append(
                ErasureRequested(
                    event_id=EventId(self.ids.new("evt")),
                    user_id=user_id,
                    erased_from=erased_from,
                    revision=user.erasure_revision,
                    occurred_at=now,
                )
            )
            if word is not None:
                await self.recorder.record(
                    work,
                    Action.USER_ERASED,
                    actor=word.actor,
                    subject=user_id,
                    before={},
                    after={"erased_from": f"{erased_from:%Y-%m-%dT%H:%M:%SZ}"},
                    reason=checked_reason(word.reason),
                    now=now,
                )
            day = f"{erased_from:%d %B %Y}"
            await tell_person(work, user, Notice.ERASURE_REQUESTED, {"day": day}, ids=self.ids, now=now)
            return user
