"""`/account/step-up`: the password or a code once more, before something dangerous."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.client import client_address
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, local_path, show
from gateway.adapters.inbound.limited import per_user
from gateway.domain.errors import InvalidRequest, RateLimited
from gateway.domain.identifiers import SessionId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/account/step-up", route_class=HtmlRoute)
Text = Annotated[str, Form(max_length=2_000)]


@router.get("", dependencies=[per_user(Limit.READS)])
async def page(request: Request, session: Session, next: str = "/account") -> Response:  # noqa: A002
    """Show the form."""
    return await show(request, "step_up.html", session=session, next=local_path(next, otherwise="/account"))


@router.post("", dependencies=[per_user(Limit.CHANGES)])
async def step_up(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    password: Text = "",
    code: Text = "",
    next: Text = "/account",  # noqa: A002
) -> Response:
    """Go back to what was to be done."""
    wanted = local_path(next, otherwise="/account")
    try:
        await deps.identity.step_up(
            session.user_id,
            session.session_id or SessionId(""),
            password=password or None,
            code=code or None,
            client_address=client_address(request),
        )
    except (InvalidRequest, RateLimited) as refusal:
        return await show(request, "step_up.html", session=session, refusal=refusal, next=wanted)
    return go(wanted, note="proven")
