"""`/account/data`: a person takes their data along, and deletes their account."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.account_export import exported
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import FieldProblem, GatewayError, InvalidRequest
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/account/data", route_class=HtmlRoute)


@router.get("", dependencies=[per_user(Limit.READS)])
async def own_data(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Say what is kept, and what deleting does."""
    return await _page(request, deps, session)


@router.post("/download", dependencies=[per_user(Limit.EXPORTS)])
async def download(deps: CurrentDeps, session: Session) -> Response:
    """Send everything as one file."""
    user = await deps.account.profile(session.user_id)
    return exported(deps, session.principal(), has_avatar=bool(user.avatar_version))


@router.post("/delete", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF])
async def delete(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    email: Annotated[str, Form(max_length=320)] = "",
) -> Response:
    """Have the account deleted, once its address is typed as it is."""
    user = await deps.identity.user(session.user_id)
    if email.strip().lower() != user.email.lower():
        wrong = FieldProblem("email", gettext_noop("Type the address of this account."))
        refusal = InvalidRequest(
            gettext_noop("That is not this account."), reason="INVALID_FIELD", fields=[wrong]
        )
        return await _page(request, deps, session, refusal=refusal)
    await deps.identity.request_erasure(session.user_id)
    return go("/account/data", note="leaving")


@router.post("/keep", dependencies=[per_user(Limit.CHANGES)])
async def keep(deps: CurrentDeps, session: Session) -> Response:
    """Keep the account after all."""
    await deps.identity.take_back_erasure(session.user_id)
    return go("/account/data", note="staying")


async def _page(
    request: Request, deps: Deps, session: ConsoleSession, *, refusal: GatewayError | None = None
) -> Response:
    user = await deps.identity.user(session.user_id)
    return await show(request, "own_data.html", session=session, user=user, refusal=refusal)
