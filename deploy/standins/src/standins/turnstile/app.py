"""As much of Turnstile as a page and a `siteverify` need."""

from __future__ import annotations

import secrets
from collections import OrderedDict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from standins.turnstile.settings import TurnstileSettings

# As Cloudflare's widget, it leaves its token in a field of the form that it stands in.
WIDGET = """
const show = () => document.querySelectorAll(".cf-turnstile").forEach((place) => {
  const origin = new URL(document.querySelector('script[src*="/turnstile/"]').src).origin;
  const label = document.createElement("label"), box = document.createElement("input");
  box.type = "checkbox";
  label.append(box, " I am a person (a stand-in believes it)");
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "cf-turnstile-response";
  place.append(label, field);
  box.addEventListener("change", () => { field.value = box.checked ? TOKENS.pop() : ""; });
});
// An async script may come before the page is read, or after.
if (document.readyState === "loading") addEventListener("DOMContentLoaded", show); else show();
"""
KEPT_MAX = 10_000
_TOKENS_A_PAGE = 5


def create_app(settings: TurnstileSettings) -> Starlette:
    """Build the application; tokens are in memory."""
    given: OrderedDict[str, bool] = OrderedDict()

    async def script(_request: Request) -> Response:
        tokens = [secrets.token_urlsafe(24) for _ in range(_TOKENS_A_PAGE)]
        given.update(dict.fromkeys(tokens, True))
        while len(given) > KEPT_MAX:
            given.popitem(last=False)
        listed = ", ".join(f'"{token}"' for token in tokens)
        headers = {"Cache-Control": "no-store"}
        return Response(f"const TOKENS = [{listed}];{WIDGET}", media_type="text/javascript", headers=headers)

    async def verify(request: Request) -> Response:
        form = await request.form()
        if form.get("secret") != settings.secret_key:
            return _refused("invalid-input-secret")
        token = str(form.get("response", ""))
        if not token:
            return _refused("missing-input-response")
        if token not in given:
            return _refused("invalid-input-response")
        if not given[token]:
            return _refused("timeout-or-duplicate")
        given[token] = False
        return JSONResponse({"success": True, "error-codes": []})

    return Starlette(
        routes=[
            Route("/healthz", _healthz),
            Route("/turnstile/v0/api.js", script),
            Route("/turnstile/v0/siteverify", verify, methods=["POST"]),
        ]
    )


def _refused(code: str) -> Response:
    return JSONResponse({"success": False, "error-codes": [code]})


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")
