"""Keep what somebody with a role did in another service, once a fact."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from identity.application.record_act import ActRecorder
from identity.domain.audit import REASON_LENGTH_MAX, Action, Actor
from identity.domain.identifiers import EventId, UserId
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class KeepRecord:
    """What another service tells of an act on an account."""

    event_id: EventId
    action: Action
    actor: Actor
    subject: UserId
    before: Mapping[str, str]
    after: Mapping[str, str]
    reason: str | None
    happened_at: datetime


@dataclass(frozen=True)
class KeepRecordHandler:
    """Remembers the fact and its record in one transaction: told again, it is recorded once."""

    units: UnitsOfWork
    recorder: ActRecorder

    async def __call__(self, command: KeepRecord) -> None:
        """Record it, whether or not the account is (still) somebody's."""
        async with self.units.of(command.subject) as work:
            if not await work.is_news(command.event_id):
                return
            await self.recorder.record(
                work,
                command.action,
                actor=command.actor,
                subject=command.subject,
                before=command.before,
                after=command.after,
                reason=command.reason[:REASON_LENGTH_MAX] if command.reason is not None else None,
                now=command.happened_at,
            )
