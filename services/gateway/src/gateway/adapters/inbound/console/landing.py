"""`/`: what it is; and the choices of a theme and a language."""

from collections.abc import Container
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentSession, require_own_origin
from gateway.adapters.inbound.console.beside import models_beside
from gateway.adapters.inbound.console.code_samples import short_program
from gateway.adapters.inbound.console.languages import LANGUAGE_COOKIE, LANGUAGES
from gateway.adapters.inbound.console.page import THEME_COOKIE, THEMES, HtmlRoute, go, local_path, show
from gateway.adapters.inbound.console.promise import promised_credits
from gateway.adapters.inbound.console.samples import MODEL, SAMPLES
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_address
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
_YEAR_S = 365 * 24 * 3600


@router.get("/", dependencies=[per_address(Limit.READS)])
async def landing(request: Request, deps: CurrentDeps, session: CurrentSession) -> Response:
    """Show what the product is."""
    models = await models_beside(deps)
    return await show(
        request,
        "landing.html",
        session=session,
        models=models,
        welcome=await promised_credits(deps, session),
        samples=SAMPLES,
        sample_model=MODEL,
        program=short_program(deps.web.public_url, model_id=MODEL, prompt=SAMPLES[0].prompt),
    )


@router.post("/theme")
async def choose_theme(
    request: Request, deps: CurrentDeps, theme: Annotated[str, Form()], back: Annotated[str, Form()] = "/"
) -> Response:
    """Keep the chosen theme; anything else follows the system again."""
    return _choose(request, deps, THEME_COOKIE, theme, known=THEMES, back=back)


@router.post("/language")
async def choose_language(
    request: Request,
    deps: CurrentDeps,
    language: Annotated[str, Form()],
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Keep the chosen language; anything else follows the browser again."""
    return _choose(request, deps, LANGUAGE_COOKIE, language, known=LANGUAGES, back=back)


def _choose(
    request: Request, deps: Deps, cookie: str, choice: str, *, known: Container[str], back: str
) -> Response:
    require_own_origin(request, deps)
    response = go(local_path(back, otherwise="/"))
    if choice in known:
        response.set_cookie(cookie, choice, max_age=_YEAR_S, samesite="lax", secure=deps.web.is_https)
    else:
        response.delete_cookie(cookie)
    return response
