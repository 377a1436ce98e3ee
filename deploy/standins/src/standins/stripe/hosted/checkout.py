"""The hosted Checkout page: plain HTML forms, so that it works without JavaScript."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from standins.stripe import disputes, payments
from standins.stripe.account import Account, Change
from standins.stripe.errors import StripeError
from standins.stripe.hosted.amending import amend
from standins.stripe.payments import Buyer
from standins.stripe.store import Document

FORM_BYTES_MAX = 64 * 1024
TEXT_LENGTH_MAX = 500
ZERO_DECIMAL = {
    "bif",
    "clp",
    "jpy",
    "kmf",
    "krw",
    "mga",
    "pyg",
    "rwf",
    "ugx",
    "vnd",
    "vuv",
    "xaf",
    "xof",
    "xpf",
}
AT_THE_BANK = ("dispute", "inquiry", "withdraw")
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
}


def money(amount_minor: int, currency: str) -> str:
    """Write an amount as a person reads it."""
    number = f"{amount_minor:,}" if currency in ZERO_DECIMAL else f"{amount_minor / 100:,.2f}"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{number}" if symbol else f"{number} {currency.upper()}"


class CheckoutPage:
    """Shows an open session and takes the buyer's choice."""

    def __init__(self, account: Account) -> None:
        self.account = account
        pages = Environment(
            loader=PackageLoader("standins.stripe.hosted", "pages"),
            autoescape=True,
            undefined=StrictUndefined,
        )
        pages.filters["money"] = money
        self.template = pages.get_template("checkout.html")

    def routes(self) -> list[Route]:
        """Return the routes to mount."""
        return [
            Route("/c/pay/{id}", self.show, methods=["GET"]),
            Route("/c/pay/{id}", self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Answer with the page: a form while the session is open, a notice afterwards."""
        with self.account.change() as change:
            session = change.store.get("checkout.session", request.path_params["id"])
            return self._missing() if session is None else self._page(change, session)

    async def act(self, request: Request) -> Response:
        """Pay, decline or start a bank debit; a second submit finds the session complete and pays nothing.

        Quantities and a promotion code in the form are applied first; `update` does no more than that.
        Of a complete session's payment a cardholder can ask their bank for the money.
        """
        form = await _form(request)
        if form is None:
            return HTMLResponse("The form is too large.", status_code=413, headers=HEADERS)
        with self.account.change() as change:
            session = change.store.get("checkout.session", request.path_params["id"])
            if session is None:
                return self._missing()
            if session["status"] == "open":
                problem = amend(change, session, form)
                session = change.require("checkout.session", session["id"])
                if form.get("action") == "update" and not problem:
                    return self._page(change, session, form=form)
                if problem := problem or _perform(change, session, form):
                    return self._page(change, session, problem=problem, form=form, status=400)
                session = change.require("checkout.session", session["id"])
            elif session["status"] == "complete" and form.get("action") in AT_THE_BANK:
                problem = _perform_at_the_bank(change, session, form["action"])
                return self._page(change, session, problem=problem, status=409 if problem else 200)
            if session["status"] == "complete":
                return RedirectResponse(_success_url(session), status_code=303, headers=HEADERS)
            return self._page(change, session, form=form, status=402 if session["status"] == "open" else 410)

    def _page(
        self,
        change: Change,
        session: Document,
        *,
        problem: str | None = None,
        form: dict[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        context = {
            "session": session,
            "items": change.store.find("item", _session=session["id"]),
            "problem": problem or _last_error(change, session),
            "dispute": _dispute_of(change, session),
            "email": _known_email(change, session),
            "form": form or {},
            "success_url": _success_url(session),
        }
        return self._html(context, status)

    def _missing(self) -> Response:
        return self._html({"session": None}, 404)

    def _html(self, context: dict[str, Any], status: int) -> Response:
        return HTMLResponse(self.template.render(context), status_code=status, headers=HEADERS)


def _perform(change: Change, session: Document, form: dict[str, str]) -> str | None:
    """Carry out the buyer's choice; returns what is wrong with the form, if anything."""
    action = form.get("action", "pay")
    buyer = Buyer(
        email=_known_email(change, session) or form.get("email") or None, name=form.get("name") or None
    )
    if not buyer.email or "@" not in buyer.email:
        return "Enter an email address."
    if session["amount_total"] == 0:
        payments.order_at_no_cost(change, session, buyer)
        return None
    method = "us_bank_account" if action.startswith("bank_debit") else "card"
    if method not in session["payment_method_types"]:
        return "This payment method is not available."
    match action:
        case "pay":
            payments.pay_by_card(change, session, buyer)
        case "pay_refund_fails":
            payments.pay_by_card(change, session, buyer, last4="5126")
        case "pay_refund_pending":
            payments.pay_by_card(change, session, buyer, last4="7726")
        case "decline":
            payments.decline_card(change, session, buyer)
        case "bank_debit":
            payments.start_bank_debit(change, session, buyer, fails=False)
        case "bank_debit_fails":
            payments.start_bank_debit(change, session, buyer, fails=True)
        case _:
            return "This payment method is not available."
    return None


def _perform_at_the_bank(change: Change, session: Document, action: str) -> str | None:
    """Carry out what the cardholder asks their bank for; returns the bank's refusal, if any."""
    dispute = _dispute_of(change, session)
    try:
        if action == "withdraw":
            if dispute is None or dispute["status"] not in disputes.WITHDRAWN:
                return "There is no dispute to withdraw."
            disputes.win(change, dispute)
        else:
            intent = change.require("payment_intent", session["payment_intent"])
            charge = change.require("charge", intent["latest_charge"])
            disputes.open_dispute(change, charge, reason="fraudulent", inquiry=action == "inquiry")
    except StripeError as refused:
        return str(refused)
    return None


def _dispute_of(change: Change, session: Document) -> Document | None:
    if not session["payment_intent"]:
        return None
    found = change.store.find("dispute", payment_intent=session["payment_intent"])
    return found[-1] if found else None


def _known_email(change: Change, session: Document) -> str | None:
    """Return the address that the buyer cannot change: the session's, or its customer's."""
    details = session["customer_details"] or {}
    email: str | None = session["customer_email"] or details.get("email")
    return email


def _last_error(change: Change, session: Document) -> str | None:
    if session["status"] != "open" or not session["_intent"]:
        return None
    error = change.require("payment_intent", session["_intent"])["last_payment_error"]
    return None if error is None else str(error["message"])


def _success_url(session: Document) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


async def _form(request: Request) -> dict[str, str] | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            return None
    fields = parse_qs(body.decode(errors="replace"), max_num_fields=20)
    return {name: values[-1].strip()[:TEXT_LENGTH_MAX] for name, values in fields.items()}
