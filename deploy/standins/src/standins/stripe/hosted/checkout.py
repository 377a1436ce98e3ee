"""The hosted Checkout page: plain HTML forms, so that it works without JavaScript."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from standins.stripe import payments
from standins.stripe.account import Account, Change
from standins.stripe.cards import CARDS
from standins.stripe.hosted import bank
from standins.stripe.hosted.amending import amend
from standins.stripe.hosted.buyer_form import COUNTRIES, asks_address, read_buyer
from standins.stripe.hosted.pages import HEADERS, Pages, read_form, too_large
from standins.stripe.money import money
from standins.stripe.store import Document
from standins.stripe.subscribing import subscribe, takes_card

PAY_ACTIONS = {
    "decline": "pm_card_visa_chargeDeclined",
    "pay_refund_fails": "pm_card_refundFail",
    "pay_refund_pending": "pm_card_pendingRefund",
}


class CheckoutPage:
    """Shows an open session and takes the buyer's choice."""

    def __init__(self, account: Account, pages: Pages) -> None:
        self.account = account
        self.pages = pages

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
        form = await read_form(request)
        if form is None:
            return too_large()
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
            elif session["payment_intent"] and form.get("action") in bank.ACTIONS:
                problem = bank.perform(change, session["payment_intent"], form["action"])
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
            "dispute": bank.dispute_of(change, session["payment_intent"]),
            "email": _known_email(change, session),
            "form": form or {},
            "asks_address": asks_address(session),
            "cards": CARDS,
            "countries": COUNTRIES,
            "takes_card": session["amount_total"] > 0
            or (session["mode"] == "subscription" and takes_card(session)),
            "terms": _terms(change, session),
            "success_url": _success_url(session),
        }
        return self._html(context, status)

    def _missing(self) -> Response:
        return self._html({"session": None}, 404)

    def _html(self, context: dict[str, Any], status: int) -> Response:
        return self.pages.show("checkout.html", context, status=status)


def _perform(change: Change, session: Document, form: dict[str, str]) -> str | None:
    """Carry out the buyer's choice; returns what is wrong with the form, if anything."""
    buyer, problem = read_buyer(session, form, known_email=_known_email(change, session))
    if problem:
        return problem
    if session["customer"] and change.store.get("customer", session["customer"]) is None:
        # They were deleted while the page was open: nobody is left to pay.
        return "This page can not be paid any more: its customer has been deleted."
    action = form.get("action", "pay")
    card = PAY_ACTIONS.get(action) or (form.get("card", "pm_card_visa") if action == "pay" else None)
    if card is not None and card not in CARDS:
        return "This payment method is not available."
    if session["mode"] == "subscription":
        if card is None:
            return "This payment method is not available."
        subscribe(change, session, buyer, card=card)
        return None
    if session["amount_total"] == 0:
        payments.order_at_no_cost(change, session, buyer)
        return None
    method = "us_bank_account" if action.startswith("bank_debit") else "card"
    if method not in session["payment_method_types"]:
        return "This payment method is not available."
    if card is not None:
        payments.pay_by_card(change, session, buyer, card=card)
    elif action in ("bank_debit", "bank_debit_fails"):
        payments.start_bank_debit(change, session, buyer, fails=action == "bank_debit_fails")
    else:
        return "This payment method is not available."
    return None


def _known_email(change: Change, session: Document) -> str | None:
    """Return the address that the buyer cannot change: the session's, or its customer's."""
    details = session["customer_details"] or {}
    email: str | None = session["customer_email"] or details.get("email")
    return email


def _last_error(change: Change, session: Document) -> str | None:
    if session["status"] != "open":
        return None
    if session.get("_setup_error"):
        return str(session["_setup_error"])
    if not session["_intent"]:
        return None
    error = change.require("payment_intent", session["_intent"])["last_payment_error"]
    return None if error is None else str(error["message"])


def _terms(change: Change, session: Document) -> str | None:
    """Return what a subscription costs from when on, as the page says it."""
    if session["mode"] != "subscription":
        return None
    given = session["_subscription_data"]
    items = change.store.find("item", _session=session["id"])
    recurring = [item for item in items if item["price"]["recurring"]]
    each = sum(item["price"]["unit_amount"] * item["quantity"] for item in recurring)
    interval = recurring[0]["price"]["recurring"]["interval"]
    words = f"{money(each, session['currency'])} per {interval}"
    if days := given.get("trial_period_days"):
        return f"{days} days free, then {words}"
    return f"Free for now, then {words}" if given.get("trial_end") else words


def _success_url(session: Document) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])
