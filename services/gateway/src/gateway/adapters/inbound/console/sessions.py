"""`/account/sessions`: where a person is signed in, and how that ends."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.limited import per_user
from gateway.domain.identifiers import SessionId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/account/sessions", route_class=HtmlRoute)
_ID_LENGTH_MAX = 64


@router.get("", dependencies=[per_user(Limit.READS)])
async def sessions(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show them, this one first."""
    found = await deps.identity.sessions_of(session.user_id)
    found.sort(key=lambda found: found.session_id != session.session_id)
    return await show(request, "sessions.html", session=session, sessions=found)


@router.post("/end-others", dependencies=[per_user(Limit.CHANGES)])
async def end_others(deps: CurrentDeps, session: Session) -> Response:
    """End all but this one."""
    await deps.identity.end_other_sessions(session.user_id, session.session_id or SessionId(""))
    return go("/account/sessions", note="others-ended")


@router.post("/{ended}/end", dependencies=[per_user(Limit.CHANGES)])
async def end(deps: CurrentDeps, session: Session, ended: str) -> Response:
    """End one; of this one that is to sign out."""
    await deps.identity.end_session(session.user_id, SessionId(ended[:_ID_LENGTH_MAX]))
    if ended == session.session_id:
        response = go("/login", note="signed-out")
        response.delete_cookie(deps.web.cookie_name, path="/")
        return response
    return go("/account/sessions", note="session-ended")
