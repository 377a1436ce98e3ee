"""A person's own sessions over gRPC."""

from collections.abc import Sequence

from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as rpc

from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.administration import OwnRecord
from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.own_session import OwnSession
from gateway.domain.page import Page

# Every request waits for it where the answer is not known yet.
SESSION_CHECK_DEADLINE_S = 2.0


class GrpcSessions:
    """The part of Identity that is about sessions that are there already."""

    _stub: rpc.IdentityServiceStub

    async def open_sessions(self, session_ids: Sequence[SessionId]) -> frozenset[SessionId]:
        """See Identity."""
        request = pb.CheckSessionsRequest(session_ids=session_ids)
        with remote_calls("identity"):
            answer = await self._stub.CheckSessions(request, timeout=SESSION_CHECK_DEADLINE_S)
        return frozenset(map(SessionId, answer.open_session_ids))

    async def sessions_of(self, user_id: UserId) -> list[OwnSession]:
        """See Identity."""
        request = pb.ListSessionsRequest(user_id=user_id)
        with remote_calls("identity"):
            answer = await self._stub.ListSessions(request, timeout=READ_DEADLINE_S)
        return [_session(session) for session in answer.sessions]

    async def own_records(self, user_id: UserId, *, cursor: str | None, limit: int) -> Page[OwnRecord]:
        """See Identity."""
        request = pb.ListOwnRecordsRequest(user_id=user_id, page_size=limit, page_token=cursor or "")
        with remote_calls("identity"):
            answer = await self._stub.ListOwnRecords(request, timeout=READ_DEADLINE_S)
        return Page(
            items=[_record(record) for record in answer.records], next_cursor=answer.next_page_token or None
        )

    async def end_session(self, user_id: UserId, session_id: SessionId) -> None:
        """See Identity."""
        request = pb.EndSessionRequest(user_id=user_id, session_id=session_id)
        with remote_calls("identity"):
            await self._stub.EndSession(request, timeout=COMMAND_DEADLINE_S)

    async def end_other_sessions(self, user_id: UserId, kept: SessionId) -> int:
        """See Identity."""
        request = pb.EndOtherSessionsRequest(user_id=user_id, kept_session_id=kept)
        with remote_calls("identity"):
            answer = await self._stub.EndOtherSessions(request, timeout=COMMAND_DEADLINE_S)
        return answer.ended

    async def step_up(
        self,
        user_id: UserId,
        session_id: SessionId,
        *,
        password: str | None,
        code: str | None,
        client_address: str,
    ) -> None:
        """See Identity."""
        request = pb.StepUpRequest(
            user_id=user_id,
            session_id=session_id,
            password=password or "",
            code=code or "",
            client_address=client_address,
        )
        with remote_calls("identity"):
            await self._stub.StepUp(request, timeout=COMMAND_DEADLINE_S)

    async def require_proof(self, user_id: UserId, session_id: SessionId) -> None:
        """See Identity."""
        request = pb.RequireProofRequest(user_id=user_id, session_id=session_id)
        with remote_calls("identity"):
            await self._stub.RequireProof(request, timeout=READ_DEADLINE_S)


_session = reader(pb.OwnSession, OwnSession)
_record = reader(pb.OwnRecord, OwnRecord)
