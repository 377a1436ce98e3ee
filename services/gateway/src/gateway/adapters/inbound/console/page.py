"""What every page of the console is made with: templates, the session, notes, and errors as HTML."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from math import ceil
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from gateway.adapters.inbound.auth import CurrentDeps, CurrentSession, current_session, require_csrf
from gateway.adapters.inbound.console.avatar import avatar_of, origin_of
from gateway.adapters.inbound.console.languages import Language, gettext_noop, language_of
from gateway.adapters.inbound.console.media_words import said
from gateway.adapters.inbound.console.notes import NOTES
from gateway.adapters.inbound.console.refusal_words import translated
from gateway.adapters.inbound.console.templates import render
from gateway.adapters.inbound.deps import Deps, deps_of
from gateway.adapters.inbound.fresh_proof import STEP_UP_REQUIRED
from gateway.adapters.inbound.middleware import content_policy
from gateway.adapters.inbound.placed_route import PlacedRoute
from gateway.adapters.inbound.problems import record_bug, retry_headers, status_of
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import (
    GatewayError,
    InternalFailure,
    RateLimited,
    TimedOut,
    Unauthenticated,
    Unavailable,
)
from gateway.domain.sign_in import SignUpMode
from gateway.domain.user import Welcome

# Set by htmx on what it asks for.
FRAGMENT = "hx-request"
_TO_NOTES = {"HX-Retarget": "#notes", "HX-Reswap": "beforeend"}
_AT_SOME_TIME = " Try again later."
_SECONDS_MAX = 90
AWAY = gettext_noop("Something behind this page does not answer at the moment. Try again soon.")
# What time cures.
_PASSING = frozenset({429, 500, 502, 503, 504})
PATH_LENGTH_MAX = 2_000
THEME_COOKIE = "tintype_theme"
THEMES = ("light", "dark")
# A page is one person's, in one language: no cache may give it to another.
_NEVER_KEPT = {"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"}


class HtmlRoute(PlacedRoute):
    """Answers refusals and our own bugs with a page for people instead of a problem document."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handle = super().get_route_handler()

        async def handle_for_people(request: Request) -> Response:
            try:
                return await handle(request)
            except (SignedOut, Unauthenticated):
                return to_sign_in(request)
            except GatewayError as refusal:
                if refusal.reason == STEP_UP_REQUIRED:
                    return to_step_up(request)
                return await refusal_page(request, refusal)
            except RequestValidationError:
                return await error_page(
                    request, gettext_noop("The form or the address can't be read."), status=422
                )
            except (HTTPException, ClientDisconnect):
                raise
            except Exception as failure:  # noqa: BLE001 - a person gets a page for our bugs too
                record_bug(request.url.path, failure)
                return await refusal_page(request, InternalFailure())

        return handle_for_people


class SignedOut(Exception):
    """The page needs a session and there is none."""


async def require_session(request: Request, deps: CurrentDeps, session: CurrentSession) -> ConsoleSession:
    """Return the session of the request; without one the person is sent to sign in and back.

    A form must carry the session's CSRF token and come from our own page.
    """
    if session is None:
        raise SignedOut
    await require_csrf(request, deps, session)
    return session


Session = Annotated[ConsoleSession, Depends(require_session)]


async def show(
    request: Request,
    template: str,
    *,
    session: ConsoleSession | None = None,
    refusal: GatewayError | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Render a page; a signed-in one has the balance in its sidebar.

    With a refusal it is the form again, with what is wrong and with what was typed.
    """
    deps = deps_of(request)
    kept = _NEVER_KEPT | dict(headers or {}) | (retry_headers(refusal) if refusal else {})
    avatar_url = None
    if session is None:
        values |= {"sign_up": await _sign_up_of(deps)}
    else:
        # Apart only because they are two services.
        balance, person = await asyncio.gather(
            deps.ledger.balance(session.user_id), deps.identity.user(session.user_id)
        )
        offer = balance.welcome_credits if person.welcome is Welcome.PENDING else 0
        values |= {"balance": balance, "person": person, "offer": offer}
        avatar_url = avatar_of(person)
    if avatar_url and (pictures := origin_of(avatar_url)):
        kept |= content_policy(deps.web, pictures=pictures)
    return HTMLResponse(
        render(
            request,
            template,
            {
                "session": session,
                "shown_avatar": avatar_url,
                "theme": theme_of(request),
                "path": request.url.path,
                "note": language_of(request).say(NOTES.get(request.query_params.get("note", ""), "")),
                "errors": field_errors(language_of(request), refusal) if refusal else {},
                "problem": words(request, refusal) if refusal else None,
                "offer": 0,
                "is_news": False,
                "sign_up": SignUpMode.OPEN,
                **values,
            },
        ),
        status_code=status_of(refusal) if refusal else status,
        headers=kept,
    )


def fragment(request: Request, template: str, **values: Any) -> HTMLResponse:
    """Render a part of a page."""
    return HTMLResponse(render(request, template, values), headers=_NEVER_KEPT)


async def refusal_page(request: Request, refusal: GatewayError) -> Response:
    """Return the page for a refusal that belongs to no form."""
    return await error_page(
        request, words(request, refusal), status=status_of(refusal), headers=retry_headers(refusal)
    )


def words(request: Request, refusal: GatewayError) -> str:
    """Return what a person reads about a refusal: of one that time cures, when to try again.

    Which of our services does not answer is for whoever runs them.
    """
    if isinstance(refusal, Unavailable | TimedOut):
        return language_of(request).say(AWAY)
    language = language_of(request)
    detail = translated(language, refusal.reason, refusal.detail)
    if not isinstance(refusal, RateLimited):
        return detail
    texts, seconds = language.texts, max(1, refusal.retry_after_s)
    count, when = (
        seconds,
        texts.ngettext("Try again in %(num)s second.", "Try again in %(num)s seconds.", seconds),
    )
    if seconds > _SECONDS_MAX:
        count = ceil(seconds / 60)
        when = texts.ngettext("Try again in %(num)s minute.", "Try again in %(num)s minutes.", count)
    return f"{detail.removesuffix(_AT_SOME_TIME)} {when % {'num': count}}"


async def error_page(
    request: Request, detail: str, *, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a page that says what went wrong, for whoever is signed in; it asks no other service.

    Where a part of a page was asked for, a note.
    """
    kept = _NEVER_KEPT | dict(headers or {})
    detail = language_of(request).say(detail)
    if FRAGMENT in request.headers:
        # What a person did is answered in a corner of the page; what the page does by itself stays as it is.
        target = {"HX-Reswap": "none"} if request.method == "GET" else _TO_NOTES
        html = render(request, "problem.html", {"detail": detail})
        return HTMLResponse(html, status_code=status, headers=kept | target)
    html = render(
        request,
        "error.html",
        {
            "session": await _who(request),
            "balance": None,
            "offer": 0,
            "is_news": False,
            "sign_up": deps_of(request).sign_in_options.last().sign_up,
            "shown_avatar": None,
            "theme": theme_of(request),
            "path": request.url.path,
            "note": None,
            "status": status,
            "detail": detail,
            "again": _local(request) if request.method == "GET" and status in _PASSING else None,
        },
    )
    return HTMLResponse(html, status_code=status, headers=kept)


def to_step_up(request: Request) -> Response:
    """Send the browser to prove once more who is there, and back to the page that it came from."""
    there = f"/account/step-up?next={quote(came_from(request, otherwise='/account'))}"
    if FRAGMENT in request.headers:
        return Response(status_code=403, headers={"HX-Redirect": there})
    return RedirectResponse(there, status_code=303)


def to_sign_in(request: Request) -> Response:
    """Send the browser to sign in and back; from a part of a page, the whole page.

    Whoever pressed something reads that it was not done.
    """
    note = "" if request.method == "GET" else "&note=ended"
    if FRAGMENT in request.headers:
        shown = urlsplit(request.headers.get("hx-current-url", ""))
        back = local_path(shown.path + (f"?{shown.query}" if shown.query else ""), otherwise="/library")
        return Response(status_code=401, headers={"HX-Redirect": f"/login?next={quote(back)}{note}"})
    return RedirectResponse(f"/login?next={quote(_local(request))}{note}", status_code=303)


async def _sign_up_of(deps: Deps) -> SignUpMode:
    """Return who may open an account, as far as anybody can say: pages lead only there."""
    try:
        return (await deps.sign_in_options.now()).sign_up
    except GatewayError:
        return SignUpMode.OPEN


async def _who(request: Request) -> ConsoleSession | None:
    try:
        return await current_session(request, deps_of(request))
    except Exception:  # noqa: BLE001 - it may be what is broken; the page says so without it
        return None


def go(path: str, *, note: str = "") -> RedirectResponse:
    """Send the browser to a page of ours after a form."""
    separator = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{separator}note={note}" if note else path, status_code=303)


def local_path(candidate: str, *, otherwise: str) -> str:
    """Return a path of this site, or `otherwise`: never a redirect to somewhere else."""
    try:
        parts = urlsplit(candidate)
    except ValueError:
        return otherwise
    if len(candidate) > PATH_LENGTH_MAX or not candidate.isprintable():
        return otherwise
    is_local = not parts.scheme and not parts.netloc and candidate.startswith("/")
    if not is_local or candidate.startswith(("//", "/\\")) or "\\" in candidate or "\n" in candidate:
        return otherwise
    return candidate


def came_from(request: Request, *, otherwise: str) -> str:
    """Return the page of ours that a form stood on, or `otherwise`; without what it said in passing."""
    address = urlsplit(request.headers.get("referer", ""))
    said = [(name, value) for name, value in parse_qsl(address.query) if name != "note"]
    return local_path(address.path + (f"?{urlencode(said)}" if said else ""), otherwise=otherwise)


def theme_of(request: Request) -> str | None:
    """Return the theme that the person chose; None follows the system."""
    chosen = request.cookies.get(THEME_COOKIE)
    return chosen if chosen in THEMES else None


def set_session(response: Response, deps: Deps, cookie: str) -> None:
    """Hand the session to the browser, out of reach of scripts and of other sites."""
    response.set_cookie(
        deps.web.cookie_name, cookie, httponly=True, secure=deps.web.is_https, samesite="lax", path="/"
    )


def field_errors(language: Language, refusal: GatewayError) -> Mapping[str, str]:
    """Return what is wrong by field; `input.prompt` and `prompt` are the same field of a form."""
    return {
        _input_name(problem.field): translated(language, refusal.reason, problem.detail)
        if problem.detail == refusal.detail
        else said(language, problem.detail)
        for problem in refusal.fields
    }


def _input_name(field: str) -> str:
    """Return the last part that is no place in a list: of `input.images.0` it is `images`."""
    parts = [part for part in field.split(".") if not part.isdigit()]
    return parts[-1] if parts else field


def _local(request: Request) -> str:
    if request.method != "GET":
        return request.headers.get("referer", "/library").partition(str(request.base_url).rstrip("/"))[2]
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
