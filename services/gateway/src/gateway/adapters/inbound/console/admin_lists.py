"""`/admin/audit` and `/admin/mails`: what was done, and how mails stand."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.admin_room import ACTIONS, PAGE_SIZE, Cursor, Staff, Word, address
from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.page import HtmlRoute, Session, show
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.parameters import user_id
from gateway.domain.administration import Action, MailState, RecordFilter
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/admin", route_class=HtmlRoute)
STATES: Mapping[str, str] = {
    MailState.QUEUED: gettext_noop("waits"),
    MailState.SENT: gettext_noop("sent"),
    MailState.SKIPPED: gettext_noop("not sent: no mail server is set up"),
    MailState.ABANDONED: gettext_noop("given up"),
}


@router.get("/audit", dependencies=[per_user(Limit.READS)])
async def audit(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    actor: Staff,
    user: Word = "",
    by: Word = "",
    action: Word = "",
    cursor: Cursor = None,
) -> Response:
    """Show what people with a role did."""
    chosen = (Action(action),) if action in list(Action) else ()
    by, user = by.replace("\x00", "").strip(), user.strip()
    wanted = RecordFilter(actor=by or None, subject_id=user_id(user) if user else None, actions=chosen)
    page = await deps.administration.records(actor, wanted, cursor=cursor, limit=PAGE_SIZE)
    told = {"user": user, "by": by, "action": action if chosen else ""}
    return await show(
        request,
        "admin_audit.html",
        session=session,
        records=page.items,
        actions=ACTIONS,
        chosen=told,
        is_filtered=any(told.values()),
        is_first=cursor is None,
        newest=address("/admin/audit", **told),
        older=address("/admin/audit", **told, cursor=page.next_cursor),
        file=address("/v1/admin/audit", format="csv", user=user, actor=by, action=told["action"]),
    )


@router.get("/mails", dependencies=[per_user(Limit.READS)])
async def mails(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    actor: Staff,
    state: Word = "",
    cursor: Cursor = None,
) -> Response:
    """Show how mails stand."""
    chosen = MailState(state) if state in list(MailState) else None
    page = await deps.administration.mails(actor, user_id=None, state=chosen, cursor=cursor, limit=PAGE_SIZE)
    return await show(
        request,
        "admin_mails.html",
        session=session,
        mails=page.items,
        states=STATES,
        chosen=chosen,
        is_first=cursor is None,
        newest=address("/admin/mails", state=chosen),
        older=address("/admin/mails", state=chosen, cursor=page.next_cursor),
    )
