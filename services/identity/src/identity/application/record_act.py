"""Write down what somebody with a role did, together with the change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from identity.domain.audit import Action, Actor, AuditRecord
from identity.domain.identifiers import AuditRecordId, UserId
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class ActRecorder:
    """The one place where identity's own acts become records."""

    ids: IdSource

    async def record(
        self,
        work: UnitOfWork,
        action: Action,
        *,
        actor: Actor,
        subject: UserId,
        before: Mapping[str, str],
        after: Mapping[str, str],
        reason: str | None,
        now: datetime,
    ) -> None:
        """Store the record in the caller's transaction."""
        await work.audit.append(
            AuditRecord(
                record_id=AuditRecordId(self.ids.new("aud")),
                action=action,
                actor=actor,
                subject=subject,
                before=before,
                after=after,
                reason=reason,
                occurred_at=now,
            )
        )
