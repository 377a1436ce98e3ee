"""The hosted checkout page: plain HTML forms, so that it works without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from standins.polar.documents import shown_checkout
from standins.polar.organization import Change, Organization
from standins.polar.paying import apply_discount, confirm, refuse, succeed
from standins.polar.resources.disputes import dispute_order
from standins.polar.store import Document
from standins.stripe.money import money

FORM_BYTES_MAX = 16 * 1024
FIELDS_MAX = 10
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
}


class CheckoutPage:
    """Shows a checkout session and takes the buyer's choice."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        templates = Environment(
            loader=PackageLoader("standins.polar", "pages"), autoescape=True, undefined=StrictUndefined
        )
        templates.filters["money"] = money
        self.template = templates.get_template("checkout.html")

    def routes(self) -> list[Route]:
        """Return the routes to mount."""
        path = "/checkout/{secret}"
        return [Route(path, self.show, methods=["GET"]), Route(path, self.act, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """Answer with the page: a form while the session is open, a notice afterwards."""
        with self.organization.change() as change:
            return self._page(change, _checkout(change, request.path_params["secret"]))

    async def act(self, request: Request) -> Response:
        """Pay; a second submit finds the session paid and pays nothing.

        `action` is `pay`, `decline`, `bank_debit` or `bank_debit_fails`; of a paid session `dispute`.
        `discount_code` is applied first.
        """
        form = await _read_form(request)
        if form is None:
            return HTMLResponse("The form is too large.", status_code=413, headers=HEADERS)
        with self.organization.change() as change:
            checkout = _checkout(change, request.path_params["secret"])
            if checkout is None:
                return self._page(change, None)
            problem = None
            if checkout["status"] == "open":
                problem = _perform(change, checkout, form)
            elif checkout["status"] == "succeeded" and form.get("action") == "dispute":
                _dispute(change, checkout)
                return self._page(change, checkout)
            checkout = change.require("checkout", checkout["id"])
            if checkout["status"] in ("confirmed", "succeeded"):
                return RedirectResponse(_success_url(checkout), status_code=303, headers=HEADERS)
            return self._page(change, checkout, problem=problem, status=400 if problem else 410)

    def _page(
        self, change: Change, checkout: Document | None, *, problem: str | None = None, status: int = 200
    ) -> Response:
        if checkout is None:
            return self._html({"checkout": None, "problem": None}, 404)
        orders = [one for one in change.store.all("order") if one["checkout_id"] == checkout["id"]]
        disputes = [
            one for one in change.store.all("dispute") if one["order_id"] in [o["id"] for o in orders]
        ]
        shown = shown_checkout(change, checkout)
        context = {
            "checkout": shown,
            "problem": problem,
            "dispute": disputes[0] if disputes else None,
            "success_url": _success_url(checkout),
        }
        return self._html(context, status)

    def _html(self, context: Mapping[str, object], status: int) -> Response:
        return HTMLResponse(self.template.render(context), status_code=status, headers=HEADERS)


def _checkout(change: Change, secret: str) -> Document | None:
    return next((one for one in change.store.all("checkout") if one["client_secret"] == secret), None)


def _perform(change: Change, checkout: Document, form: dict[str, str]) -> str | None:
    """Carry out the buyer's choice; returns what is wrong with it, if anything."""
    action = form.get("action", "pay")
    if code := form.get("discount_code"):
        if problem := apply_discount(change, checkout, code):
            return problem
        checkout = change.require("checkout", checkout["id"])
    if action == "decline":
        return "Your card was declined."
    if action not in ("pay", "bank_debit", "bank_debit_fails"):
        return "This payment method is not available."
    if problem := confirm(change, checkout):
        return problem
    if action == "pay" or checkout["net_amount"] == 0:
        succeed(change, checkout["id"])
    else:
        outcome = refuse if action == "bank_debit_fails" else succeed
        change.later(
            outcome.__name__, checkout["id"], delay_s=change.organization.settings.async_payment_delay_s
        )
    return None


def _dispute(change: Change, checkout: Document) -> None:
    for order in change.store.all("order"):
        if order["checkout_id"] == checkout["id"]:
            dispute_order(change, order, status="needs_response")


def _success_url(checkout: Document) -> str:
    return str(checkout["success_url"]).replace("{CHECKOUT_ID}", checkout["id"])


async def _read_form(request: Request) -> dict[str, str] | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            return None
    fields = parse_qs(body.decode(errors="replace"), max_num_fields=FIELDS_MAX)
    return {name: values[-1].strip() for name, values in fields.items()}
