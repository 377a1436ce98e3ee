"""`/account/passkeys`: what opens the account by itself; and signing in with one of them."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, require_own_origin
from gateway.adapters.inbound.client import client_of
from gateway.adapters.inbound.console import refusal_words
from gateway.adapters.inbound.console.devices import remember_device
from gateway.adapters.inbound.console.languages import gettext_noop, language_of
from gateway.adapters.inbound.console.next_page import HOME
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, local_path, set_session, show
from gateway.adapters.inbound.console.page import words as words_of
from gateway.adapters.inbound.console.sign_in_methods import options_of
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import client_key, count, per_user
from gateway.adapters.inbound.sign_in_cookie import kept_link
from gateway.application.sign_in_with_passkey import SignInWithPasskey
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Conflict, Forbidden, GatewayError, InvalidRequest, NotFound
from gateway.domain.identifiers import PasskeyId
from gateway.ports.rate_limits import Limit

PASSKEYS_PAGE = "/account/passkeys"
router = APIRouter(route_class=HtmlRoute)
Text = Annotated[str, Form(max_length=2_000)]
AnswerText = Annotated[str, Form(max_length=20_000)]
_ID_LENGTH_MAX = 64
WORDS: Mapping[str, str] = {
    **{reason: words for reason, words in refusal_words.WORDS.items() if reason.startswith("PASSKEY")},
    # Whoever reads these is at a form, and can do something about it.
    "PASSKEYS_UNAVAILABLE": gettext_noop("There are no passkeys at this address."),
    "PASSKEY_MALFORMED": gettext_noop("The passkey was not used. Try again, or take another way."),
    "PASSKEY_QUOTA_REACHED": gettext_noop("You have 20 passkeys already. Remove one first."),
    "LAST_WAY_TO_SIGN_IN": gettext_noop("This is the only way into your account. Set a password first."),
    "EMAIL_NOT_CONFIRMED": gettext_noop("Confirm your email address first: a mail has the link."),
    "USER_DISABLED": gettext_noop("This account is disabled."),
}


def said(request: Request, refusal: GatewayError) -> dict[str, Any]:
    """Say what was wrong with a passkey, which no field of a form stands for."""
    own = WORDS.get(refusal.reason)
    return {"problem": language_of(request).say(own) if own else words_of(request, refusal), "errors": {}}


def answer_of(text: str) -> dict[str, Any]:
    """Return what the script put into a form; raises InvalidRequest for what no script of ours does."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise InvalidRequest("This is no answer of a passkey.", reason="PASSKEY_MALFORMED")
    return told


@router.post("/login/passkey")
async def sign_in(
    request: Request,
    deps: CurrentDeps,
    passkey: AnswerText = "",
    next: Text = HOME,  # noqa: A002
) -> Response:
    """Open a session and go back to where the person wanted to be."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_key(request))
        opened = await deps.sign_in_with_passkey(
            SignInWithPasskey(answer=answer_of(passkey), client=client_of(request))
        )
    except GatewayError as refusal:
        waiting_email = kept_link(request, deps)[1]
        return await show(
            request,
            "login.html",
            refusal=refusal,
            next=local_path(next, otherwise=HOME),
            email=waiting_email,
            waiting_email=waiting_email,
            options=await options_of(deps),
            **said(request, refusal),
        )
    response = go(local_path(next, otherwise=HOME))
    set_session(response, deps, opened.cookie)
    remember_device(request, response, deps, opened.device_token)
    return response


@router.get(PASSKEYS_PAGE, dependencies=[per_user(Limit.READS)])
async def passkeys(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show them, and how to add one."""
    return await _page(request, deps, session)


@router.post(PASSKEYS_PAGE, dependencies=[per_user(Limit.CHANGES), FRESH_PROOF])
async def add(
    request: Request, deps: CurrentDeps, session: Session, name: Text = "", passkey: AnswerText = ""
) -> Response:
    """Let a new one open the account."""
    try:
        await deps.passkeys.add(answer_of(passkey), user_id=session.user_id, name=name)
    except (InvalidRequest, Conflict, Forbidden) as refusal:
        return await _page(request, deps, session, refusal=refusal, name=name)
    return go(PASSKEYS_PAGE, note="passkey-added")


@router.post(f"{PASSKEYS_PAGE}/{{passkey_id}}/rename", dependencies=[per_user(Limit.CHANGES)])
async def rename(
    request: Request, deps: CurrentDeps, session: Session, passkey_id: str, name: Text = ""
) -> Response:
    """Call one something else."""
    try:
        await deps.passkeys.rename(session.user_id, PasskeyId(passkey_id[:_ID_LENGTH_MAX]), name)
    except (InvalidRequest, NotFound) as refusal:
        return await _page(request, deps, session, refusal=refusal)
    return go(PASSKEYS_PAGE, note="renamed")


@router.post(f"{PASSKEYS_PAGE}/{{passkey_id}}/remove", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF])
async def remove(request: Request, deps: CurrentDeps, session: Session, passkey_id: str) -> Response:
    """Let one open the account no longer; the last way in stays."""
    try:
        await deps.passkeys.remove(session.user_id, PasskeyId(passkey_id[:_ID_LENGTH_MAX]))
    except (Conflict, NotFound) as refusal:
        return await _page(request, deps, session, refusal=refusal)
    return go(PASSKEYS_PAGE, note="passkey-removed")


async def _page(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    *,
    refusal: GatewayError | None = None,
    name: str = "",
) -> Response:
    # A bad name is marked at its field.
    is_of_passkey = refusal is not None and refusal.reason in WORDS
    return await show(
        request,
        "passkeys.html",
        session=session,
        refusal=refusal,
        own=await deps.passkeys.of_user(session.user_id),
        name=name,
        **(said(request, refusal) if refusal is not None and is_of_passkey else {}),
    )
