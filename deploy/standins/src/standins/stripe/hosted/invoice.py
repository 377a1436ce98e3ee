"""The hosted invoice: a page where it can be read, paid and disputed, and a PDF."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from standins.stripe.account import Account, Change
from standins.stripe.billing.collecting import collect, method_for
from standins.stripe.cards import CARDS
from standins.stripe.hosted import bank
from standins.stripe.hosted.pages import Pages, day, read_form, too_large
from standins.stripe.hosted.pdf import pdf_of
from standins.stripe.money import money
from standins.stripe.resources.payment_method_document import new_method
from standins.stripe.store import Document


class InvoicePage:
    """Shows an invoice to whoever has its address."""

    def __init__(self, account: Account, pages: Pages) -> None:
        self.account = account
        self.pages = pages

    def routes(self) -> list[Route]:
        """Return the routes to mount."""
        return [
            Route("/i/{id}", self.show, methods=["GET"]),
            Route("/i/{id}", self.act, methods=["POST"]),
            Route("/i/{id}/pdf", self.pdf, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Answer with the page."""
        with self.account.change() as change:
            invoice = change.store.get("invoice", request.path_params["id"])
            return self.pages.missing("invoice") if invoice is None else self._page(change, invoice)

    async def act(self, request: Request) -> Response:
        """Pay an open invoice with a test card, answer the bank, or, of a paid one, dispute the payment."""
        form = await read_form(request)
        if form is None:
            return too_large()
        with self.account.change() as change:
            invoice = change.store.get("invoice", request.path_params["id"])
            if invoice is None:
                return self.pages.missing("invoice")
            change = change.at_time_of(invoice["customer"])
            problem = _perform(change, invoice, form)
            invoice = change.require("invoice", invoice["id"])
            return self._page(change, invoice, problem=problem, status=402 if problem else 200)

    async def pdf(self, request: Request) -> Response:
        """Answer with the invoice as a file to keep."""
        with self.account.change() as change:
            invoice = change.store.get("invoice", request.path_params["id"])
        if invoice is None:
            return self.pages.missing("invoice")
        name = f"Invoice-{invoice['number'] or invoice['id']}.pdf"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(pdf_of(_words(invoice)), media_type="application/pdf", headers=headers)

    def _page(
        self, change: Change, invoice: Document, *, problem: str | None = None, status: int = 200
    ) -> Response:
        intent = _intent(change, invoice)
        context = {
            "invoice": invoice,
            "cards": CARDS,
            "dispute": bank.dispute_of(change, intent["id"] if intent else None),
            "paid_by_card": intent is not None and intent["status"] == "succeeded",
            "problem": problem,
            "waits": intent is not None and intent["status"] == "requires_action",
        }
        return self.pages.show("invoice.html", context, status=status)


def _perform(change: Change, invoice: Document, form: dict[str, str]) -> str | None:
    action = form.get("action", "pay")
    intent = _intent(change, invoice)
    if action in bank.ACTIONS:
        paid = invoice["status"] == "paid" and intent is not None
        return bank.perform(change, intent["id"], action) if intent and paid else "Nothing was paid."
    if invoice["status"] != "open":
        return None
    if action == "authenticate":
        method = change.store.get("payment_method", intent["payment_method"]) if intent else None
    elif form.get("card", "pm_card_visa") in CARDS:
        method = new_method(change, form.get("card", "pm_card_visa"), email=invoice["customer_email"])
    else:
        return "This payment method is not available."
    # Whoever pays at the page is there: what the bank asks, they have answered.
    method = method or method_for(change, invoice)
    paid_invoice = collect(change, invoice, method=method, on_session=True, authenticated=True)
    if paid_invoice["status"] == "paid":
        return None
    error = (_intent(change, paid_invoice) or {}).get("last_payment_error")
    return str(error["message"]) if error else "The payment did not succeed."


def _intent(change: Change, invoice: Document) -> Document | None:
    found = change.store.find("invoice_payment", invoice=invoice["id"])
    return change.require("payment_intent", found[-1]["payment"]["payment_intent"]) if found else None


def _words(invoice: Document) -> list[str]:
    """Return what stands on the file, line by line."""
    currency = invoice["currency"]
    words = [
        f"Invoice {invoice['number'] or '(draft)'}",
        f"{day(invoice['created'])}   Status: {invoice['status']}",
        f"Bill to: {invoice['customer_name'] or ''} {invoice['customer_email'] or ''}",
        "",
    ]
    words += [
        f"{line['description']}   {money(line['amount'], currency)}" for line in invoice["lines"]["data"]
    ]
    words += ["", f"Subtotal   {money(invoice['subtotal'], currency)}"]
    words += [f"Tax   {money(tax['amount'], currency)}" for tax in invoice["total_taxes"]]
    words += [
        f"Total   {money(invoice['total'], currency)}",
        f"Paid   {money(invoice['amount_paid'], currency)}",
        "",
        "A test stand-in's invoice: no money moved.",
    ]
    return words
