"""A page for people who try the product: every customer, their card, and their time."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from standins.stripe import people, portal
from standins.stripe.account import TEST_CLOCK, Account, Change
from standins.stripe.billing.subscription_document import items_of, period_of
from standins.stripe.cards import KEPT
from standins.stripe.errors import StripeError, invalid
from standins.stripe.hosted.pages import HEADERS, Pages, read_form, too_large
from standins.stripe.store import Document

DAY_S = 86_400
DRAFT_S = 3_600
CUSTOMERS_MAX = 100
STEPS = {"hour": 3_600, "day": DAY_S, "week": 7 * DAY_S, "month": 31 * DAY_S}


class PeoplePage:
    """Lists customers and lets a person change their card and advance their clock."""

    def __init__(self, account: Account, pages: Pages) -> None:
        self.account = account
        self.pages = pages

    def routes(self) -> list[Route]:
        """Return the routes to mount."""
        return [
            Route("/control", self.show, methods=["GET"]),
            Route("/control", self.act, methods=["POST"]),
        ]

    async def show(self, _request: Request) -> Response:
        """Answer with the page."""
        return self._page()

    async def act(self, request: Request) -> Response:
        """Do what the form says about one customer."""
        form = await read_form(request)
        if form is None:
            return too_large()
        try:
            with self.account.change() as change:
                _perform(change, form)
        except StripeError as refused:
            return self._page(problem=str(refused), status=400)
        return RedirectResponse("/control", status_code=303, headers=HEADERS)

    def _page(self, *, problem: str | None = None, status: int = 200) -> Response:
        with self.account.change() as change:
            found = change.store.find("customer")[::-1][:CUSTOMERS_MAX]
            context = {
                "customers": [_shown(change, customer) for customer in found],
                "cards": KEPT,
                "steps": STEPS,
                "problem": problem,
            }
        return self.pages.show("people.html", context, status=status)


def _shown(change: Change, customer: Document) -> Document:
    """Return a customer as the page shows them."""
    clock = change.require(TEST_CLOCK, customer["test_clock"]) if customer["test_clock"] else None
    subscriptions = portal.live_subscriptions(change, customer["id"])
    own = next((each["default_payment_method"] for each in subscriptions), None)
    method = own or customer["invoice_settings"]["default_payment_method"]
    card = change.store.get("payment_method", method) if method else None
    return {
        "id": customer["id"],
        "who": customer["email"] or customer["name"] or customer["id"],
        "card": card["card"]["last4"] if card else None,
        "clock": clock,
        "subscriptions": [
            {
                "id": each["id"],
                "status": each["status"],
                "amount": items_of(each)[0]["price"]["unit_amount"],
                "currency": each["currency"],
                "ends_at": period_of(each)[1],
            }
            for each in subscriptions
        ],
    }


def _perform(change: Change, form: dict[str, str]) -> None:
    customer = change.require("customer", form.get("customer", ""), param="customer")
    if form.get("action") == "card":
        if form.get("card") not in KEPT:
            raise invalid("This card can not be kept.")
        portal.use_card(change.at_time_of(customer["id"]), customer["id"], form["card"])
        return
    stands = people.put_on_clock(change, customer)["frozen_time"]
    customer = change.require("customer", customer["id"])
    if form.get("action") == "renewal":
        subscriptions = portal.live_subscriptions(change, customer["id"])
        if not subscriptions:
            raise invalid("There is no subscription that renews.")
        # Past the end of the period, and past the hour that the invoice is a draft for.
        target = max(stands + 1, min(period_of(each)[1] for each in subscriptions) + DRAFT_S)
    elif form.get("step") in STEPS:
        target = stands + STEPS[form["step"]]
    else:
        raise invalid("Say how far the clock shall go.")
    people.advance(change, customer, to=target)
