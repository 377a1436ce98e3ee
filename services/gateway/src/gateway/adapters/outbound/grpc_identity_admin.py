"""What people with a role see at identity, over gRPC."""

import grpc
from chassis.timestamps import set_moment
from tintype.identity.v1 import admin_pb2 as pb
from tintype.identity.v1 import admin_pb2_grpc as rpc

from gateway.adapters.outbound.identity_messages import user_of
from gateway.adapters.outbound.principal_message import ROLES, principal
from gateway.adapters.outbound.reader import reader
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.administration import Actor, AuditRecord, MailReport, MailState, Person, RecordFilter
from gateway.domain.identifiers import UserId
from gateway.domain.page import Page
from gateway.domain.user import Role


class GrpcAdministration:
    """Speaks to AdminService; implements Administration."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.AdminServiceStub(channel)

    async def people(
        self, actor: Actor, query: str | None, *, cursor: str | None, limit: int
    ) -> Page[Person]:
        """See Administration."""
        request = pb.ListUsersRequest(
            principal=principal(actor), query=query or "", page_size=limit, page_token=cursor or ""
        )
        with remote_calls("identity"):
            answer = await self._stub.ListUsers(request, timeout=READ_DEADLINE_S)
        return Page(
            items=[_person(person) for person in answer.people], next_cursor=answer.next_page_token or None
        )

    async def person(self, actor: Actor, user_id: UserId) -> Person:
        """See Administration."""
        request = pb.ReadUserRequest(principal=principal(actor), user_id=user_id)
        with remote_calls("identity"):
            answer = await self._stub.ReadUser(request, timeout=READ_DEADLINE_S)
        return _person(answer.person)

    async def change_person(
        self, actor: Actor, user_id: UserId, *, role: Role | None, disabled: bool | None, reason: str | None
    ) -> Person:
        """See Administration."""
        request = pb.ChangeUserRequest(
            principal=principal(actor), user_id=user_id, disabled=disabled, reason=reason or ""
        )
        if role is not None:
            request.role = ROLES[role]
        with remote_calls("identity"):
            answer = await self._stub.ChangeUser(request, timeout=COMMAND_DEADLINE_S)
        return _person(answer.person)

    async def records(
        self, actor: Actor, which: RecordFilter, *, cursor: str | None, limit: int
    ) -> Page[AuditRecord]:
        """See Administration."""
        request = pb.ListAuditRecordsRequest(
            principal=principal(actor),
            actor=which.actor or "",
            subject_id=which.subject_id or "",
            actions=[action.value for action in which.actions],
            page_size=limit,
            page_token=cursor or "",
        )
        set_moment(request, "from", which.since)
        set_moment(request, "to", which.until)
        with remote_calls("identity"):
            answer = await self._stub.ListAuditRecords(request, timeout=READ_DEADLINE_S)
        return Page(
            items=[_record(record) for record in answer.records], next_cursor=answer.next_page_token or None
        )

    async def mails(
        self,
        actor: Actor,
        *,
        user_id: UserId | None,
        state: MailState | None,
        cursor: str | None,
        limit: int,
    ) -> Page[MailReport]:
        """See Administration."""
        request = pb.ListMailsRequest(
            principal=principal(actor),
            user_id=user_id or "",
            state=state.value if state else "",
            page_size=limit,
            page_token=cursor or "",
        )
        with remote_calls("identity"):
            answer = await self._stub.ListMails(request, timeout=READ_DEADLINE_S)
        return Page(items=[_mail(mail) for mail in answer.mails], next_cursor=answer.next_page_token or None)


_person = reader(pb.Person, Person, values={"user": user_of})
_record = reader(pb.AuditRecord, AuditRecord)
_mail = reader(pb.MailReport, MailReport)
