"""Erase an account and its person."""

from dataclasses import dataclass

from identity.application.record_act import ActRecorder
from identity.domain.audit import Action, Actor, checked_reason
from identity.domain.errors import UserNotFound
from identity.domain.events import ApiKeyRevoked, SessionsEnded, UserDeleted
from identity.domain.identifiers import EventId, UserId
from identity.domain.session import EndReason
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class EraseUser:
    """Whose account; with `is_due` only if its day has come.

    Whoever does it for the person, an `actor`, is recorded, by the account's id alone.
    """

    user_id: UserId
    is_due: bool = False
    actor: Actor | None = None
    reason: str | None = None


@dataclass(frozen=True)
class EraseUserHandler:
    """Ends what the person could come in with, deletes all rows and tells the others, in one transaction.

    Whatever dies meanwhile leaves the account as it was, or erased with its fact on its way.
    """

    units: UnitsOfWork
    recorder: ActRecorder
    ids: IdSource
    clock: Clock

    async def __call__(self, command: EraseUser) -> bool:
        """Erase the account; False where its day has not come, and where it is gone.

        Raises UserNotFound for an account that never was, and StillAdministrator.
        """
        user_id, now = command.user_id, self.clock.now()
        async with self.units.of(user_id) as work:
            try:
                user = await work.users.lock(user_id)
            except UserNotFound:
                if not await work.erasures.erased(user_id):
                    raise
                return False
            if command.is_due and (user.erased_from is None or user.erased_from > now):
                # Taken back a moment ago.
                return False
            user.require_no_administrator()
            await work.events.append(
                SessionsEnded(
                    event_id=self._event_id(),
                    user_id=user_id,
                    session_id=None,
                    reason=EndReason.USER_DELETED,
                    occurred_at=now,
                )
            )
            for key in await work.api_keys.unrevoked(user_id):
                await work.events.append(
                    ApiKeyRevoked(
                        event_id=self._event_id(), user_id=user_id, key_id=key.key_id, occurred_at=now
                    )
                )
            await work.erasures.erase(user_id, now)
            if command.actor is not None:
                await self.recorder.record(
                    work,
                    Action.USER_ERASED,
                    actor=command.actor,
                    subject=user_id,
                    before={},
                    after={},
                    reason=checked_reason(command.reason),
                    now=now,
                )
            await work.events.append(UserDeleted(event_id=self._event_id(), user_id=user_id, occurred_at=now))
        return True

    def _event_id(self) -> EventId:
        return EventId(self.ids.new("evt"))
