"""`/account/second-factor`: codes of an app beside the password."""

from typing import Annotated

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from markupsafe import Markup

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.client import client_address
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_user
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Conflict, GatewayError, InvalidRequest, RateLimited
from gateway.domain.second_factor import FactorSecret
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/account/second-factor", route_class=HtmlRoute)
Text = Annotated[str, Form(max_length=2_000)]
_ANSWERED = (InvalidRequest, Conflict, RateLimited)


@router.get("", dependencies=[per_user(Limit.READS)])
async def state(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Say how it stands, and what can be done."""
    return await _page(request, deps, session)


@router.post("", dependencies=[per_user(Limit.CHANGES)])
async def begin(request: Request, deps: CurrentDeps, session: Session, password: Text = "") -> Response:
    """Show the secret as a picture, this once."""
    try:
        made = await deps.identity.begin_second_factor(
            session.user_id, password=password, client_address=client_address(request)
        )
    except _ANSWERED as refusal:
        return await _page(request, deps, session, refusal=refusal)
    return await _page(request, deps, session, made=made)


@router.post("/confirm", dependencies=[per_user(Limit.CHANGES)])
async def confirm(request: Request, deps: CurrentDeps, session: Session, code: Text = "") -> Response:
    """Turn it on, and show the recovery codes, this once."""
    try:
        codes = await deps.identity.confirm_second_factor(
            session.user_id, code=code, client_address=client_address(request)
        )
    except _ANSWERED as refusal:
        return await _page(request, deps, session, refusal=refusal, is_waiting=True)
    return await _page(request, deps, session, codes=codes)


@router.post("/remove", dependencies=[per_user(Limit.CHANGES)])
async def remove(
    request: Request, deps: CurrentDeps, session: Session, password: Text = "", code: Text = ""
) -> Response:
    """Turn it off."""
    try:
        await deps.identity.remove_second_factor(
            session.user_id, password=password, code=code, client_address=client_address(request)
        )
    except _ANSWERED as refusal:
        return await _page(request, deps, session, refusal=refusal)
    return go("/account/second-factor", note="factor-off")


async def _page(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    *,
    refusal: GatewayError | None = None,
    made: FactorSecret | None = None,
    codes: list[str] | None = None,
    is_waiting: bool = False,
) -> Response:
    return await show(
        request,
        "second_factor.html",
        session=session,
        refusal=refusal,
        factor=await deps.identity.second_factor(session.user_id),
        made=made,
        # Drawn here from digits and signs of a URI: nothing in it is anybody's markup.
        picture=Markup(segno.make(made.uri).svg_inline(scale=4, light="#fff")) if made else "",  # noqa: S704
        codes=codes or [],
        is_waiting=is_waiting or made is not None,
    )
