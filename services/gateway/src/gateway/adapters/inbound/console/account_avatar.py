"""`/account/avatar.webp`: a person's picture; `/account/avatar`: the forms that change it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.avatars import ASKED_AGAIN, KEPT, avatar_answer
from gateway.adapters.inbound.console.account import account_page
from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.media_field import pieces_of
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, words
from gateway.adapters.inbound.limited import count, per_user
from gateway.domain.errors import GatewayError, InvalidRequest
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
FIELD = "picture"
_NO_FILE = gettext_noop("Choose a picture first.")


@router.get("/account/avatar.webp", dependencies=[per_user(Limit.READS)])
async def picture(request: Request, deps: CurrentDeps, session: Session, v: str = "") -> Response:
    """Send the picture itself, as pages show it."""
    avatar = await deps.identity.avatar(session.user_id)
    return avatar_answer(request, avatar, caching=KEPT if v == avatar.version else ASKED_AGAIN)


@router.get("/account/avatar", dependencies=[per_user(Limit.READS)])
async def form(session: Session) -> Response:
    """Lead back to the account: a page that was refused stands at this address."""
    return go("/account")


@router.post("/account/avatar")
async def send(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Take a picture in."""
    try:
        await count(request, deps.limits, Limit.UPLOADS, session.user_id)
        file = (await request.form()).get(FIELD)
        if not isinstance(file, UploadFile) or not file.size:
            raise InvalidRequest(_NO_FILE, reason="NO_FILE")
        await deps.set_avatar(session.user_id, pieces_of(file))
    except GatewayError as refusal:
        return await account_page(
            request, deps, session, refusal=refusal, errors={FIELD: words(request, refusal)}
        )
    return go("/account", note="saved")


@router.post("/account/avatar/remove")
async def remove(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Take it away."""
    await count(request, deps.limits, Limit.CHANGES, session.user_id)
    await deps.identity.remove_avatar(session.user_id)
    return go("/account", note="saved")
