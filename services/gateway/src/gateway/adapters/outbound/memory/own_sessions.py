"""A person's own sessions in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.adapters.outbound.memory.newest_first import newest_first
from gateway.domain.administration import Action, AuditRecord, OwnRecord
from gateway.domain.client import Client
from gateway.domain.errors import Forbidden, NotFound
from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.own_session import OwnSession
from gateway.domain.page import Page
from gateway.ports.clock import Clock


@dataclass
class MemorySessions:
    """The part of Identity that is about sessions; `sessions` holds whose each open session is."""

    clock: Clock
    sessions: dict[SessionId, UserId] = field(default_factory=dict)
    whose: dict[SessionId, UserId] = field(default_factory=dict)
    proven: dict[SessionId, datetime] = field(default_factory=dict)
    seen: dict[SessionId, OwnSession] = field(default_factory=dict)
    acts: list[AuditRecord] = field(default_factory=list)
    """What people with a role did."""

    async def open_sessions(self, session_ids: Sequence[SessionId]) -> frozenset[SessionId]:
        """See Identity."""
        return frozenset(session_id for session_id in session_ids if session_id in self.sessions)

    async def sessions_of(self, user_id: UserId) -> list[OwnSession]:
        """See Identity."""
        own = [self.seen[session_id] for session_id, owner in self.sessions.items() if owner == user_id]
        return sorted(own, key=lambda own: own.last_used_at or own.created_at, reverse=True)

    async def own_records(self, user_id: UserId, *, cursor: str | None, limit: int) -> Page[OwnRecord]:
        """See Identity."""
        about = [_told(record) for record in self.acts if record.subject_id == user_id]
        return newest_first(about, cursor=cursor, limit=limit)

    async def end_session(self, user_id: UserId, session_id: SessionId) -> None:
        """See Identity."""
        self.require_own(user_id, session_id)
        self.sessions.pop(session_id, None)

    async def end_other_sessions(self, user_id: UserId, kept: SessionId) -> int:
        """See Identity."""
        self.require_own(user_id, kept)
        others = [
            session_id
            for session_id, owner in self.sessions.items()
            if owner == user_id and session_id != kept
        ]
        for session_id in others:
            del self.sessions[session_id]
        return len(others)

    async def require_proof(self, user_id: UserId, session_id: SessionId) -> None:
        """See Identity."""
        self.require_own(user_id, session_id)
        proven_at = self.proven.get(session_id) or self.seen[session_id].created_at
        if self.clock.now() >= proven_at + timedelta(minutes=10):
            raise Forbidden("Prove once more that it is you.", reason="STEP_UP_REQUIRED")

    def note(self, session_id: SessionId, user_id: UserId, client: Client) -> None:
        """Keep where a session is used; a program's own name stands for whatever would be read from it."""
        now = self.clock.now()
        seen = self.seen.get(session_id) or OwnSession(
            session_id=session_id,
            browser=None,
            system=None,
            client_address=None,
            created_at=now,
            last_used_at=now,
        )
        self.whose[session_id] = user_id
        self.seen[session_id] = replace(
            seen,
            browser=(client.user_agent or "").partition("/")[0] or seen.browser,
            client_address=client.address or seen.client_address,
            last_used_at=now,
        )

    def require_own(self, user_id: UserId, session_id: SessionId) -> None:
        """Raise NotFound for what is no session of the person's."""
        if self.whose.get(session_id) != user_id:
            raise NotFound("There is no such session.", reason="SESSION_NOT_FOUND")


def _told(record: AuditRecord) -> OwnRecord:
    if record.actor.startswith("operator:"):
        acted_as = "operator"
    elif record.actor == record.subject_id:
        acted_as = "self"
    else:
        acted_as = "staff" if record.action == Action.PERSON_READ else "admin"
    return OwnRecord(
        record_id=record.record_id,
        action=record.action,
        acted_as=acted_as,
        before=record.before,
        after=record.after,
        reason=record.reason,
        occurred_at=record.occurred_at,
    )
