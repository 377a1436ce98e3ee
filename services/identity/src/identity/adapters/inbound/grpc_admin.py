"""tintype.identity.v1.AdminService over gRPC: parse, call the use case, render."""

from dataclasses import dataclass
from typing import Any, TypeVar

from chassis.timestamps import to_timestamp
from tintype.identity.v1 import admin_pb2 as pb
from tintype.identity.v1 import admin_pb2_grpc as pb_grpc
from tintype.identity.v1.principal_pb2 import Principal

from identity.adapters.inbound import fields
from identity.adapters.inbound import page_fields as pages
from identity.adapters.inbound.messages import ROLES_BY_NUMBER, user_message
from identity.application.change_user import ChangeUser, ChangeUserHandler
from identity.application.read_people import ReadPeople
from identity.application.staff_check import StaffCheck
from identity.domain.audit import Action, Actor, AuditRecord
from identity.domain.errors import InvalidField
from identity.domain.identifiers import MailId, SessionId, UserId
from identity.domain.mail import MailState
from identity.domain.mail_report import MailReport
from identity.domain.user import Role, User
from identity.ports.people import RecordFilter

_STATES = frozenset(MailState)
_ACTIONS = frozenset(Action)
Item = TypeVar("Item")


@dataclass(frozen=True)
class AdminServicer(pb_grpc.AdminServiceServicer):
    """Answers the contract; refusals rise as domain errors."""

    read: ReadPeople
    staff: StaffCheck
    change_user: ChangeUserHandler

    async def ListUsers(self, request: pb.ListUsersRequest, context: Any) -> pb.ListUsersResponse:
        """See the contract."""
        limit = pages.page_size(request.page_size)
        found = await self.read.users(
            actor_of(request.principal),
            pages.query(request.query),
            before=UserId(pages.id_token(request.page_token)) if request.page_token else None,
            limit=limit + 1,
        )
        return pb.ListUsersResponse(
            people=[_person(user) for user in found[:limit]],
            next_page_token=found[limit - 1].user_id if len(found) > limit else "",
        )

    async def ReadUser(self, request: pb.ReadUserRequest, context: Any) -> pb.ReadUserResponse:
        """See the contract."""
        actor = actor_of(request.principal)
        # Before anything else is read: whoever has no role does not even learn what an id looks like.
        await self.staff.require_staff(actor)
        user = await self.read.user(actor, fields.user_id(request.user_id))
        return pb.ReadUserResponse(person=_person(user))

    async def ChangeUser(self, request: pb.ChangeUserRequest, context: Any) -> pb.ChangeUserResponse:
        """See the contract."""
        actor = actor_of(request.principal)
        await self.staff.require_admin(actor)
        user = await self.change_user(
            ChangeUser(
                user_id=fields.user_id(request.user_id),
                actor=actor,
                role=_role(request.role),
                disabled=request.disabled if request.HasField("disabled") else None,
                reason=pages.text(request.reason, "reason") or None,
            )
        )
        return pb.ChangeUserResponse(person=_person(user))

    async def ListAuditRecords(
        self, request: pb.ListAuditRecordsRequest, context: Any
    ) -> pb.ListAuditRecordsResponse:
        """See the contract."""
        limit = pages.page_size(request.page_size)
        which = RecordFilter(
            actor=pages.text(request.actor, "actor") or None,
            subject=UserId(pages.text(request.subject_id, "subject_id")) if request.subject_id else None,
            actions=tuple(_action(word) for word in request.actions),
            since=fields.moment(request, "from"),
            until=fields.moment(request, "to"),
        )
        found = await self.read.records(
            actor_of(request.principal),
            which,
            before=pages.record_place(request.page_token),
            limit=limit + 1,
        )
        return pb.ListAuditRecordsResponse(
            records=[_record(record) for record in found[:limit]],
            next_page_token=pages.place_token(found[limit - 1]) if len(found) > limit else "",
        )

    async def ListMails(self, request: pb.ListMailsRequest, context: Any) -> pb.ListMailsResponse:
        """See the contract."""
        actor = actor_of(request.principal)
        await self.staff.require_staff(actor)
        limit = pages.page_size(request.page_size)
        found = await self.read.mails(
            actor,
            fields.user_id(request.user_id) if request.user_id else None,
            _state(request.state),
            before=MailId(pages.id_token(request.page_token)) if request.page_token else None,
            limit=limit + 1,
        )
        return pb.ListMailsResponse(
            mails=[_mail(report) for report in found[:limit]],
            next_page_token=found[limit - 1].mail_id if len(found) > limit else "",
        )


def actor_of(principal: Principal) -> Actor:
    """Return who acts; the role that is said is not asked for: identity has its own records."""
    session_id = pages.text(principal.session_id, "principal")
    return Actor(
        name=pages.text(principal.actor_id, "principal"),
        session_id=SessionId(session_id) if session_id else None,
        client_address=fields.client_address(pages.text(principal.client_address, "principal")),
    )


def _role(number: int) -> Role | None:
    if number == 0:
        return None
    if number not in ROLES_BY_NUMBER:
        raise InvalidField("There is no such role.", field="role")
    return ROLES_BY_NUMBER[number]


def _action(word: str) -> Action:
    if word not in _ACTIONS:
        raise InvalidField("There is no such action.", field="actions")
    return Action(word)


def _state(word: str) -> MailState | None:
    if not word:
        return None
    if word not in _STATES:
        raise InvalidField("There is no such state of a mail.", field="state")
    return MailState(word)


def _person(user: User) -> pb.Person:
    return pb.Person(user=user_message(user), disabled_at=to_timestamp(user.disabled_at))


def _record(record: AuditRecord) -> pb.AuditRecord:
    return pb.AuditRecord(
        record_id=record.record_id,
        action=record.action.value,
        actor=record.actor.name,
        session_id=record.actor.session_id or "",
        client_address=record.actor.client_address or "",
        subject_id=record.subject,
        before=record.before,
        after=record.after,
        reason=record.reason or "",
        occurred_at=to_timestamp(record.occurred_at),
    )


def _mail(report: MailReport) -> pb.MailReport:
    is_queued = report.state is MailState.QUEUED
    return pb.MailReport(
        mail_id=report.mail_id,
        user_id=report.user_id,
        recipient=report.recipient,
        purpose=report.purpose.value,
        state=report.state.value,
        attempts=report.attempts,
        created_at=to_timestamp(report.created_at),
        due_at=to_timestamp(report.due_at) if is_queued else None,
        finished_at=to_timestamp(report.finished_at),
    )


@dataclass(frozen=True)
class DeadLetterAuthority:
    """Who may look at what identity gave up, and have it applied again: by its own records, as everything."""

    staff: StaffCheck

    async def require_staff(self, principal: Principal) -> None:
        """Raise NotStaff for somebody without a role."""
        await self.staff.require_staff(actor_of(principal))

    async def require_admin(self, principal: Principal) -> None:
        """Raise NotAnAdmin for anybody but an administrator."""
        await self.staff.require_admin(actor_of(principal))
