"""`/library/<generation>/share`: the links of one generation, and `/s/<token>`, where a link leads."""

import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.page import FRAGMENT, HtmlRoute, Session, fragment, go, show
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_address, per_user
from gateway.adapters.inbound.problems import SHARED
from gateway.adapters.inbound.rest.parameters import generation_id
from gateway.application.read_texts import SHOWN_MAX_BYTES
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Conflict, NotFound
from gateway.domain.identifiers import ShareId
from gateway.domain.share import DAY_S, HOUR_S, LIFETIMES_S, THIRTY_DAYS_S, WEEK_S
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
LIFETIMES = {
    HOUR_S: gettext_noop("1 hour"),
    DAY_S: gettext_noop("1 day"),
    WEEK_S: gettext_noop("7 days"),
    THIRTY_DAYS_S: gettext_noop("30 days"),
}
_CHOICES = {str(lifetime_s): lifetime_s for lifetime_s in LIFETIMES_S}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_ID_LENGTH_MAX = 64
# A link is for whoever was given it: not for search engines, nor for the sites that its page leads to.
PRIVATE = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer"}


@router.get("/library/{generation}/share", dependencies=[per_user(Limit.READS)])
async def shares(request: Request, deps: CurrentDeps, session: Session, generation: str) -> Response:
    """Show the links of a generation, and the form that makes one."""
    return await _links(request, deps, session, generation)


@router.post("/library/{generation}/share", dependencies=[per_user(Limit.CHANGES)])
async def share(request: Request, deps: CurrentDeps, session: Session, generation: str) -> Response:
    """Make a link and show it, this once."""
    form = await request.form()
    asked = str(form.get("expires_in_s", ""))
    lifetime_s = _CHOICES.get(asked, WEEK_S)
    try:
        _, token = await deps.shares.create_share(
            session.user_id,
            generation_id(generation),
            lifetime_s=lifetime_s,
            shows_prompt="shows_prompt" in form,
        )
    except Conflict as refusal:
        return await _links(request, deps, session, generation, refusal=refusal)
    link = f"{deps.web.public_url}{SHARED}{token}"
    return await _links(request, deps, session, generation, link=link, lifetime_s=lifetime_s)


@router.post("/library/{generation}/shares/{share_id}/withdraw", dependencies=[per_user(Limit.CHANGES)])
async def withdraw(
    request: Request, deps: CurrentDeps, session: Session, generation: str, share_id: str
) -> Response:
    """End a link at once."""
    await deps.shares.withdraw_share(
        session.user_id, generation_id(generation), ShareId(share_id[:_ID_LENGTH_MAX])
    )
    if FRAGMENT in request.headers:
        return await _links(request, deps, session, generation, is_withdrawn=True)
    return go(f"/library/{generation}/share", note="withdrawn")


@router.get(SHARED + "{token}", dependencies=[per_address(Limit.SHARED)])
async def shared(request: Request, deps: CurrentDeps, token: str) -> Response:
    """Show what a link leads to, to anybody; that it has ended, whatever the reason."""
    try:
        if not _TOKEN.fullmatch(token):
            raise NotFound("This link has ended.", reason="SHARE_ENDED")
        found = await deps.shares.shared(token)
    except NotFound:
        return await show(request, "share_ended.html", status=404, headers=PRIVATE, path="")
    texts = await deps.read_texts(found.outputs, size_max_bytes=SHOWN_MAX_BYTES)
    return await show(request, "shared.html", headers=PRIVATE, path="", shared=found, texts=texts)


async def _links(
    request: Request, deps: Deps, session: ConsoleSession, generation: str, **more: Any
) -> Response:
    found = await deps.generations.generation(session.user_id, generation_id(generation))
    links = await deps.shares.shares_of(session.user_id, found.generation_id)
    values = {"link": None, "lifetime_s": WEEK_S, "refusal": None, "is_withdrawn": False, **more}
    values |= {"generation": found, "shares": links, "lifetimes": LIFETIMES}
    if FRAGMENT in request.headers:
        refusal = values["refusal"]
        return fragment(
            request, "share_links.html", session=session, problem=refusal and refusal.detail, **values
        )
    return await show(request, "share.html", session=session, **values)
