"""The billing portal: a customer's plan, card, details and invoices on one page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from standins.stripe import portal
from standins.stripe.account import Account, Change
from standins.stripe.billing import phases
from standins.stripe.billing.lines import product_name
from standins.stripe.billing.subscription_document import items_of, period_of
from standins.stripe.cards import KEPT
from standins.stripe.errors import StripeError, invalid
from standins.stripe.hosted.pages import HEADERS, Pages, read_form, too_large
from standins.stripe.resources.portal_configurations import KIND
from standins.stripe.store import Document

INVOICES_MAX = 24


class PortalPage:
    """Shows the portal of a session and takes what the customer wants."""

    def __init__(self, account: Account, pages: Pages) -> None:
        self.account = account
        self.pages = pages

    def routes(self) -> list[Route]:
        """Return the routes to mount."""
        return [
            Route("/p/session/{id}", self.show, methods=["GET"]),
            Route("/p/session/{id}", self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Answer with the page."""
        return self._page(request.path_params["id"])

    async def act(self, request: Request) -> Response:
        """Do what the form says; what is refused changes nothing and is shown on the page."""
        form = await read_form(request)
        if form is None:
            return too_large()
        session_id = request.path_params["id"]
        try:
            with self.account.change() as change:
                session = change.store.get("billing_portal.session", session_id)
                if session is None:
                    return self.pages.missing("portal session")
                _perform(change.at_time_of(session["customer"]), session, form)
        except StripeError as refused:
            return self._page(session_id, problem=str(refused), status=402 if refused.status == 402 else 400)
        after = (session["flow"] or {}).get("after_completion") or {}
        if after.get("type") == "redirect" and after["redirect"]:
            return RedirectResponse(after["redirect"]["return_url"], status_code=303, headers=HEADERS)
        return RedirectResponse(f"/p/session/{session_id}?done=1", status_code=303, headers=HEADERS)

    def _page(self, session_id: str, *, problem: str | None = None, status: int = 200) -> Response:
        with self.account.change() as change:
            session = change.store.get("billing_portal.session", session_id)
            customer = change.store.get("customer", session["customer"]) if session else None
            if session is None or customer is None:
                return self.pages.missing("portal session")
            configuration = change.require(KIND, session["configuration"])
            invoices = change.store.find("invoice", customer=customer["id"])[::-1][:INVOICES_MAX]
            method = customer["invoice_settings"]["default_payment_method"]
            plans = [_plan(change, each) for each in portal.live_subscriptions(change, customer["id"])]
            method = next((plan["method"] for plan in plans if plan["method"]), method)
            context = {
                "session": session,
                "customer": customer,
                "features": configuration["features"],
                "headline": configuration["business_profile"]["headline"],
                "plans": plans,
                "offers": [_offer(change, price) for price in portal.offered_prices(change, configuration)],
                "cards": KEPT,
                "method": change.store.get("payment_method", method) if method else None,
                "invoices": [invoice for invoice in invoices if invoice["status"] != "draft"],
                "flow": session["flow"] or {},
                "problem": problem,
            }
            return self.pages.show("portal.html", context, status=status)


def _plan(change: Change, subscription: Document) -> Document:
    """Return a subscription as the page shows it."""
    item = items_of(subscription)[0]
    schedule = phases.schedule_of(change, subscription)
    later = None
    if schedule and len(schedule["phases"]) > 1 and schedule["current_phase"]:
        start = schedule["current_phase"]["end_date"]
        following = [phase for phase in schedule["phases"] if phase["start_date"] >= start]
        price = change.require("price", following[0]["items"][0]["price"]) if following else None
        later = {**_offer(change, price), "at": start} if price else None
    return {
        "id": subscription["id"],
        "cancel_at": subscription["cancel_at"],
        "later": later,
        "method": subscription["default_payment_method"],
        "name": product_name(change, item["price"]),
        "price": item["price"],
        "renews_at": period_of(subscription)[1],
        "status": subscription["status"],
    }


def _offer(change: Change, price: Document) -> Document:
    return {"name": product_name(change, price), "price": price}


def _perform(change: Change, session: Document, form: dict[str, str]) -> None:
    configuration = change.require(KIND, session["configuration"])
    action = form.get("action", "")
    if action == "card":
        if not configuration["features"]["payment_method_update"]["enabled"]:
            raise invalid("Changing the card is not offered.")
        if form.get("card") not in KEPT:
            raise invalid("This card can not be kept.")
        portal.use_card(change, session["customer"], form["card"])
        return
    if action == "details":
        _change_details(change, configuration, session["customer"], form)
        return
    subscription = change.store.get("subscription", form.get("subscription", ""))
    if subscription is None or subscription["customer"] != session["customer"]:
        raise invalid("There is no such subscription.")
    match action:
        case "switch":
            price = change.require("price", form.get("price", ""))
            portal.switch_plan(change, configuration, subscription, price)
        case "cancel":
            portal.cancel(change, configuration, subscription, feedback=form.get("feedback") or None)
        case "renew":
            portal.renew_again(change, subscription)
        case "keep":
            portal.keep_plan(change, subscription)
        case _:
            raise invalid("The portal does not know this.")


def _change_details(change: Change, configuration: Document, customer_id: str, form: dict[str, str]) -> None:
    rules = configuration["features"]["customer_update"]
    if not rules["enabled"]:
        raise invalid("Changing the details is not offered.")
    allowed = {
        name: form[name] for name in ("email", "name") if name in form and name in rules["allowed_updates"]
    }
    if "email" in allowed and "@" not in allowed["email"]:
        raise invalid("Enter an email address.")
    change.update(change.require("customer", customer_id), "customer.updated", **allowed)
