"""What people with a role did, and how mails stand."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from gateway.adapters.inbound.acting import CurrentStaff
from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.placed_route import PlacedRoute
from gateway.adapters.inbound.rest.answers.audit_record import AuditRecord, AuditRecordPage
from gateway.adapters.inbound.rest.answers.mail_report import MailReport, MailReportPage
from gateway.adapters.inbound.rest.csv_answer import csv_lines, csv_of, prefers_csv
from gateway.adapters.inbound.rest.parameters import Format, Paging, Since, Until, paging, user_id
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.domain import administration as domain
from gateway.domain.administration import Action, MailState, RecordFilter
from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/admin", tags=["admin"], route_class=PlacedRoute)

COLUMNS = (
    "created_at", "action", "actor", "user_id", "before", "after", "reason", "session_id", "client_address",
    "id",
)  # fmt: skip
UserWanted = Annotated[
    str | None,
    Query(
        max_length=64, description="Only about this user.", examples=["usr_019324a1b2c37def8a9b0c1d2e3f4a5e"]
    ),
]


async def record_filter(
    actor: Annotated[
        str | None,
        Query(max_length=300, description="Only by this user or operator.", examples=["operator:grace"]),
    ] = None,
    user: UserWanted = None,
    action: Annotated[
        list[Action] | None, Query(max_length=len(Action), description="Only these; all without.")
    ] = None,
    since: Since = None,
    until: Until = None,
) -> RecordFilter:
    """Return what is meant. Raises InvalidRequest."""
    if since and until and since >= until:
        detail = "must be later than from"
        raise InvalidRequest(f"to: {detail}", fields=[FieldProblem("to", detail)])
    return RecordFilter(
        actor=actor or None,
        subject_id=user_id(user) if user else None,
        actions=tuple(action or ()),
        since=since,
        until=until,
    )


@router.get(
    "/audit",
    dependencies=[per_user(Limit.READS)],
    response_model=AuditRecordPage,
    responses={**refuses({404: ("USER_NOT_FOUND",)}), 200: csv_of(COLUMNS)},
)
async def list_audit_records(
    request: Request,
    staff: CurrentStaff,
    deps: CurrentDeps,
    part: Annotated[Paging, Depends(paging)],
    wanted: Annotated[RecordFilter, Depends(record_filter)],
    media: Format = None,
) -> Response | AuditRecordPage:
    """List what people with a role and operators did, newest first; as CSV, all of it at once."""
    if not (media == "csv" or (media is None and prefers_csv(request.headers.get("accept", "")))):
        page = await deps.administration.records(staff, wanted, cursor=part.cursor, limit=part.limit)
        return AuditRecordPage.of(page, AuditRecord.of)
    pages = deps.export_records(staff, wanted)
    # The first part before the answer begins: a refusal can still become a problem.
    return StreamingResponse(
        _csv(await anext(pages), pages),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="tintype-audit.csv"'},
    )


@router.get("/mails", dependencies=[per_user(Limit.READS)], responses=refuses({404: ("USER_NOT_FOUND",)}))
async def list_mails(
    staff: CurrentStaff,
    deps: CurrentDeps,
    part: Annotated[Paging, Depends(paging)],
    user: UserWanted = None,
    state: Annotated[MailState | None, Query(description="Only those that stand so.")] = None,
) -> MailReportPage:
    """List mails and how they stand, newest first: neither what they say nor what they open."""
    page = await deps.administration.mails(
        staff,
        user_id=user_id(user) if user else None,
        state=state,
        cursor=part.cursor,
        limit=part.limit,
    )
    return MailReportPage.of(page, MailReport.of)


async def _csv(
    first: Sequence[domain.AuditRecord], rest: AsyncIterator[Sequence[domain.AuditRecord]]
) -> AsyncIterator[str]:
    yield csv_lines([COLUMNS])
    yield csv_lines([_row(record) for record in first])
    async for page in rest:
        yield csv_lines([_row(record) for record in page])


def _row(record: domain.AuditRecord) -> list[Any]:
    shown = AuditRecord.of(record).model_dump(mode="json")
    shown |= {name: json.dumps(shown[name], ensure_ascii=False) for name in ("before", "after")}
    return [shown[column] for column in COLUMNS]
