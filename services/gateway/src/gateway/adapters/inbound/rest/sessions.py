"""Where the caller is signed in: list, end one, end all others."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.own_session import EndedSessions, OwnSession, OwnSessionList
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.domain.identifiers import SessionId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/sessions", tags=["account"], route_class=JsonRoute)

_ID_LENGTH_MAX = 64
SessionPath = Annotated[
    str, Path(description="A session's id.", examples=["ses_019324a1b2c37def8a9b0c1d2e3f4a66"])
]


@router.get("", dependencies=[per_user(Limit.READS)], responses=refuses({404: ("USER_NOT_FOUND",)}))
async def list_sessions(principal: CurrentPrincipal, deps: CurrentDeps) -> OwnSessionList:
    """List the devices and programs that are signed in, at most 100, those that were used last first."""
    sessions = await deps.identity.sessions_of(principal.user_id)
    return OwnSessionList.of(sessions, lambda found: OwnSession.of(found, current=principal.session_id))


@router.delete(
    "/{session}",
    status_code=204,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({404: ("SESSION_NOT_FOUND",)}),
)
async def end_session(session: SessionPath, principal: CurrentPrincipal, deps: CurrentDeps) -> Response:
    """End a session, everywhere within a second; one that has ended before is no error."""
    await deps.identity.end_session(principal.user_id, SessionId(session[:_ID_LENGTH_MAX]))
    return Response(status_code=204)


@router.delete(
    "",
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({404: ("USER_NOT_FOUND", "SESSION_NOT_FOUND")}),
)
async def end_other_sessions(principal: CurrentPrincipal, deps: CurrentDeps) -> EndedSessions:
    """End every session but the one that asks."""
    kept = principal.session_id or SessionId("")
    return EndedSessions(ended=await deps.identity.end_other_sessions(principal.user_id, kept))
