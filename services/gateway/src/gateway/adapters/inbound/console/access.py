"""`/signup`, `/login`, `/logout`."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentSession, require_csrf, require_own_origin
from gateway.adapters.inbound.client import client_of
from gateway.adapters.inbound.console.devices import device_tokens, remember_device
from gateway.adapters.inbound.console.next_page import HOME, remember_next
from gateway.adapters.inbound.console.page import (
    HtmlRoute,
    go,
    local_path,
    set_session,
    show,
)
from gateway.adapters.inbound.console.passkeys import AnswerText, answer_of, said
from gateway.adapters.inbound.console.promise import promised_credits
from gateway.adapters.inbound.console.sign_in_methods import options_of, words
from gateway.adapters.inbound.console.sign_in_words import SIGN_IN_WORDS
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import client_key, count
from gateway.adapters.inbound.middleware import content_policy
from gateway.adapters.inbound.sign_in_cookie import kept_link
from gateway.application.complete_log_in import CompleteLogIn
from gateway.application.log_in import LogIn
from gateway.application.sign_in_with_passkey import SignInWithPasskey
from gateway.application.sign_up import SignUp
from gateway.domain.errors import GatewayError, SecondFactorRequired
from gateway.domain.sign_in import SignInOptions
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
# Longer than any field may be: the services say what is wrong with the rest.
Text = Annotated[str, Form(max_length=2_000)]


@router.get("/signup")
async def sign_up_page(
    request: Request,
    deps: CurrentDeps,
    session: CurrentSession,
    next: str = HOME,  # noqa: A002
    token: str = "",
) -> Response:
    """Show the form, or why there is none; an invitation's link brings its token."""
    if session is not None:
        return go(local_path(next, otherwise=HOME))
    options = await options_of(deps)
    return await show(
        request,
        "signup.html",
        next=local_path(next, otherwise=HOME),
        email="",
        full_name="",
        welcome=await promised_credits(deps),
        token=token,
        options=options,
        headers=_policy(deps, options),
    )


@router.post("/signup")
async def sign_up(
    request: Request,
    deps: CurrentDeps,
    email: Text = "",
    password: Text = "",
    full_name: Text = "",
    token: Text = "",
    next: Text = HOME,  # noqa: A002
    captcha: Annotated[str, Form(max_length=4_096, alias="cf-turnstile-response")] = "",
) -> Response:
    """Open an account and a session."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_key(request))
        opened = await deps.sign_up(
            SignUp(
                email=email,
                password=password,
                full_name=full_name,
                client=client_of(request),
                invitation=token or None,
                captcha_token=captcha or None,
            )
        )
    except GatewayError as refusal:
        options = await options_of(deps)
        return await show(
            request,
            "signup.html",
            refusal=refusal,
            next=local_path(next, otherwise=HOME),
            email=email,
            full_name=full_name,
            welcome=await promised_credits(deps),
            token=token,
            options=options,
            headers=_policy(deps, options),
            **_said(request, refusal),
        )
    response = go(local_path(next, otherwise=HOME))
    set_session(response, deps, opened.cookie)
    remember_device(request, response, deps, opened.device_token)
    # For after the mail that confirms the address.
    remember_next(response, deps, next)
    return response


@router.get("/login")
async def log_in_page(
    request: Request,
    deps: CurrentDeps,
    session: CurrentSession,
    next: str = HOME,  # noqa: A002
) -> Response:
    """Show the form, with the address of the account that something waits to be linked with."""
    if session is not None:
        return go(local_path(next, otherwise=HOME))
    _, waiting_email = kept_link(request, deps)
    return await show(
        request,
        "login.html",
        next=local_path(next, otherwise=HOME),
        email=waiting_email,
        waiting_email=waiting_email,
        options=await options_of(deps),
    )


@router.post("/login")
async def log_in(
    request: Request,
    deps: CurrentDeps,
    email: Text = "",
    password: Text = "",
    next: Text = HOME,  # noqa: A002
) -> Response:
    """Open a session and go back to where the person wanted to be."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_key(request))
        opened = await deps.log_in(
            LogIn(
                email=email,
                password=password,
                client=client_of(request),
                device_tokens=device_tokens(request, deps),
            )
        )
    except SecondFactorRequired as needed:
        return await show(
            request,
            "login_code.html",
            challenge=needed.challenge,
            has_passkeys=needed.has_passkeys,
            options=await options_of(deps),
            next=local_path(next, otherwise=HOME),
        )
    except GatewayError as refusal:
        return await show(
            request,
            "login.html",
            refusal=refusal,
            next=local_path(next, otherwise=HOME),
            email=email,
            waiting_email=kept_link(request, deps)[1],
            options=await options_of(deps),
        )
    response = go(local_path(next, otherwise=HOME))
    set_session(response, deps, opened.cookie)
    remember_device(request, response, deps, opened.device_token)
    return response


@router.post("/login/second-factor")
async def complete_log_in(
    request: Request,
    deps: CurrentDeps,
    challenge: Text = "",
    code: Text = "",
    passkey: AnswerText = "",
    has_passkeys: Annotated[bool, Form()] = False,
    next: Text = HOME,  # noqa: A002
) -> Response:
    """End a sign-in that waits for a code or a passkey; what is wrong leaves it waiting."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_key(request))
        if passkey:
            opened = await deps.sign_in_with_passkey(
                SignInWithPasskey(answer=answer_of(passkey), challenge=challenge, client=client_of(request))
            )
        else:
            opened = await deps.complete_log_in(
                CompleteLogIn(challenge=challenge, code=code, client=client_of(request))
            )
    except GatewayError as refusal:
        return await show(
            request,
            "login_code.html",
            refusal=refusal,
            challenge=challenge,
            # As the page that was sent had it: it decides on a button alone.
            has_passkeys=has_passkeys or bool(passkey),
            next=local_path(next, otherwise=HOME),
            options=await options_of(deps),
            **(said(request, refusal) if passkey else {}),
        )
    response = go(local_path(next, otherwise=HOME))
    set_session(response, deps, opened.cookie)
    remember_device(request, response, deps, opened.device_token)
    return response


@router.post("/logout")
async def log_out(request: Request, deps: CurrentDeps, session: CurrentSession) -> Response:
    """End the session."""
    if session is not None:
        await require_csrf(request, deps, session)
        await deps.log_out(request.cookies[deps.web.cookie_name])
    response = go("/login", note="signed-out")
    response.delete_cookie(deps.web.cookie_name, path="/")
    return response


def _said(request: Request, refusal: GatewayError) -> dict[str, Any]:
    """Say in the reader's language who may sign up; what is wrong with a field stands beside it already."""
    return {"problem": words(request, refusal), "errors": {}} if refusal.reason in SIGN_IN_WORDS else {}


def _policy(deps: Deps, options: SignInOptions) -> dict[str, str]:
    """Return the policy of a page that shows the widget; of every other page it is as always."""
    if options.captcha_script_url is None:
        return {}
    parts = urlsplit(options.captcha_script_url)
    return content_policy(deps.web, captcha=f"{parts.scheme}://{parts.netloc}")
