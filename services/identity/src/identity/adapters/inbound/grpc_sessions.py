"""The part of IdentityService that is about a person's own sessions, and what others did to their account."""

from dataclasses import dataclass
from typing import Any

from chassis.timestamps import to_timestamp
from tintype.identity.v1 import identity_pb2 as pb

from identity.adapters.inbound import fields
from identity.adapters.inbound import page_fields as pages
from identity.application.check_sessions import CheckSessionsHandler
from identity.application.end_other_sessions import EndOtherSessions, EndOtherSessionsHandler
from identity.application.end_own_session import EndOwnSession, EndOwnSessionHandler
from identity.application.list_own_records import ListOwnRecords, ListOwnRecordsHandler
from identity.application.list_sessions import ListSessionsHandler
from identity.application.require_proof import RequireProof, RequireProofHandler
from identity.application.step_up import StepUp, StepUpHandler
from identity.domain.audit import AuditRecord
from identity.domain.session import Session


@dataclass(frozen=True)
class SessionHandlers:
    """The use cases of sessions that are there already."""

    check: CheckSessionsHandler
    list: ListSessionsHandler
    end: EndOwnSessionHandler
    end_others: EndOtherSessionsHandler
    step_up: StepUpHandler
    require_proof: RequireProofHandler
    own_records: ListOwnRecordsHandler


class SessionAnswers:
    """Answers the seven calls; refusals rise as domain errors."""

    _sessions: SessionHandlers

    async def CheckSessions(self, request: pb.CheckSessionsRequest, context: Any) -> pb.CheckSessionsResponse:
        """See the contract."""
        is_open = await self._sessions.check(fields.session_ids(request.session_ids))
        return pb.CheckSessionsResponse(open_session_ids=sorted(is_open))

    async def ListSessions(self, request: pb.ListSessionsRequest, context: Any) -> pb.ListSessionsResponse:
        """See the contract."""
        sessions = await self._sessions.list(fields.user_id(request.user_id))
        return pb.ListSessionsResponse(sessions=map(_message, sessions))

    async def EndSession(self, request: pb.EndSessionRequest, context: Any) -> pb.EndSessionResponse:
        """See the contract."""
        await self._sessions.end(
            EndOwnSession(fields.user_id(request.user_id), fields.session_id(request.session_id))
        )
        return pb.EndSessionResponse()

    async def EndOtherSessions(
        self, request: pb.EndOtherSessionsRequest, context: Any
    ) -> pb.EndOtherSessionsResponse:
        """See the contract."""
        ended = await self._sessions.end_others(
            EndOtherSessions(fields.user_id(request.user_id), fields.session_id(request.kept_session_id))
        )
        return pb.EndOtherSessionsResponse(ended=ended)

    async def StepUp(self, request: pb.StepUpRequest, context: Any) -> pb.StepUpResponse:
        """See the contract."""
        await self._sessions.step_up(
            StepUp(
                user_id=fields.user_id(request.user_id),
                session_id=fields.session_id(request.session_id),
                password=fields.proving_password(request.password) or None,
                code=fields.one_time_code(request.code) if request.code else None,
                client_address=fields.client_address(request.client_address),
                passkey=fields.credential(request.credential_json) if request.credential_json else None,
            )
        )
        return pb.StepUpResponse()

    async def RequireProof(self, request: pb.RequireProofRequest, context: Any) -> pb.RequireProofResponse:
        """See the contract."""
        await self._sessions.require_proof(
            RequireProof(fields.user_id(request.user_id), fields.session_id(request.session_id))
        )
        return pb.RequireProofResponse()

    async def ListOwnRecords(
        self, request: pb.ListOwnRecordsRequest, context: Any
    ) -> pb.ListOwnRecordsResponse:
        """See the contract."""
        limit = pages.page_size(request.page_size)
        found = await self._sessions.own_records(
            ListOwnRecords(
                user_id=fields.user_id(request.user_id),
                before=pages.record_place(request.page_token),
                limit=limit + 1,
            )
        )
        return pb.ListOwnRecordsResponse(
            records=map(_record, found[:limit]),
            next_page_token=pages.place_token(found[limit - 1]) if len(found) > limit else "",
        )


def _record(record: AuditRecord) -> pb.OwnRecord:
    return pb.OwnRecord(
        record_id=record.record_id,
        action=record.action.value,
        acted_as=record.acted_as.value,
        before=record.before,
        after=record.after,
        reason=record.reason or "",
        occurred_at=to_timestamp(record.occurred_at),
    )


def _message(session: Session) -> pb.OwnSession:
    return pb.OwnSession(
        session_id=session.session_id,
        browser=session.client.browser or "",
        system=session.client.system or "",
        client_address=session.client.address or "",
        created_at=to_timestamp(session.created_at),
        last_used_at=to_timestamp(session.last_used_at),
    )
