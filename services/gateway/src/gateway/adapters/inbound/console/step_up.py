"""`/account/step-up`: the password, a code or a passkey once more, before something dangerous."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.client import client_address
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, local_path, show
from gateway.adapters.inbound.console.passkeys import AnswerText, answer_of, said
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_user
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Conflict, Forbidden, InvalidRequest, RateLimited
from gateway.domain.identifiers import SessionId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/account/step-up", route_class=HtmlRoute)
_OF_PASSKEYS = (Conflict, Forbidden)
Text = Annotated[str, Form(max_length=2_000)]


@router.get("", dependencies=[per_user(Limit.READS)])
async def page(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    next: str = "/account",  # noqa: A002
) -> Response:
    """Show the form."""
    return await show(
        request,
        "step_up.html",
        session=session,
        next=local_path(next, otherwise="/account"),
        has_passkeys=await _has_passkeys(deps, session),
    )


@router.post("", dependencies=[per_user(Limit.CHANGES)])
async def step_up(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    password: Text = "",
    code: Text = "",
    passkey: AnswerText = "",
    next: Text = "/account",  # noqa: A002
) -> Response:
    """Go back to what was to be done."""
    wanted = local_path(next, otherwise="/account")
    session_id, address = session.session_id or SessionId(""), client_address(request)
    try:
        if passkey:
            await deps.passkeys.step_up(
                answer_of(passkey), user_id=session.user_id, session_id=session_id, client_address=address
            )
        else:
            await deps.identity.step_up(
                session.user_id,
                session_id,
                password=password or None,
                code=code or None,
                client_address=address,
            )
    except (InvalidRequest, RateLimited, *_OF_PASSKEYS) as refusal:
        return await show(
            request,
            "step_up.html",
            session=session,
            refusal=refusal,
            next=wanted,
            has_passkeys=await _has_passkeys(deps, session),
            **(said(request, refusal) if passkey else {}),
        )
    return go(wanted, note="proven")


async def _has_passkeys(deps: Deps, session: ConsoleSession) -> bool:
    own = await deps.passkeys.of_user(session.user_id)
    return own.available and bool(own.passkeys)
