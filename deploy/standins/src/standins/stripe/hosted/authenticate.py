"""Where a bank asks the cardholder whether a payment is theirs."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from standins.stripe.account import Account
from standins.stripe.billing.collecting import settle
from standins.stripe.cards import UNAUTHENTICATED
from standins.stripe.charging import charge_card, refuse
from standins.stripe.hosted.pages import HEADERS, Pages, read_form, too_large
from standins.stripe.store import Document


class AuthenticationPage:
    """Takes the cardholder's answer for a PaymentIntent that waits for it."""

    def __init__(self, account: Account, pages: Pages) -> None:
        self.account = account
        self.pages = pages

    def routes(self) -> list[Route]:
        """Return the routes to mount."""
        return [
            Route("/authenticate/{id}", self.show, methods=["GET"]),
            Route("/authenticate/{id}", self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Answer with the bank's question, or with how it was answered."""
        with self.account.change() as change:
            intent = change.store.get("payment_intent", request.path_params["id"])
        return self.pages.missing("payment") if intent is None else self._page(intent)

    async def act(self, request: Request) -> Response:
        """Take the answer: `complete` charges the card, `fail` refuses it."""
        form = await read_form(request)
        if form is None:
            return too_large()
        with self.account.change() as change:
            intent = change.store.get("payment_intent", request.path_params["id"])
            if intent is None:
                return self.pages.missing("payment")
            if intent["status"] != "requires_action":
                return self._page(intent)
            change = change.at_time_of(intent["customer"])
            return_url = _return_url(intent)
            method = change.require("payment_method", intent["payment_method"])
            if form.get("action") == "complete":
                intent = charge_card(change, intent, method, on_session=True, authenticated=True)
                settle(change, intent)
            else:
                intent = refuse(change, intent, method, UNAUTHENTICATED)
        return self._page(intent) if return_url is None else _back(intent, return_url)

    def _page(self, intent: Document) -> Response:
        return self.pages.show("authenticate.html", {"intent": intent})


def _return_url(intent: Document) -> str | None:
    action = intent["next_action"] or {}
    url: str | None = action.get("redirect_to_url", {}).get("return_url")
    return url


def _back(intent: Document, return_url: str) -> Response:
    query = urlencode(
        {
            "payment_intent": intent["id"],
            "payment_intent_client_secret": intent["client_secret"],
            "redirect_status": "succeeded" if intent["status"] == "succeeded" else "failed",
        }
    )
    address = f"{return_url}{'&' if '?' in return_url else '?'}{query}"
    return RedirectResponse(address, status_code=303, headers=HEADERS)
