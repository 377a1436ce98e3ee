"""An invoice."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Currency, Minor, Moment, shown
from gateway.adapters.inbound.rest.answers.page import Page
from gateway.domain import invoice as domain


class Invoice(Answer):
    """What was to be paid, made out by the payment processor."""

    id: Annotated[str, shown("in_1QabcdEXAMPLE")]
    """The payment processor's id."""
    number: Annotated[str | None, shown("ABC-0001")]
    """The number that it is called by."""
    total_minor: Annotated[Minor, shown(2900)]
    """What it asks for, in the currency's smallest unit."""
    currency: Currency
    status: domain.InvoiceStatus
    """Nobody has to pay a void one; nobody is asked for an uncollectible one any more."""
    created_at: Moment
    hosted_url: Annotated[str | None, shown("https://invoice.example/i/in_1")]
    """The payment processor's page of it."""
    pdf_url: Annotated[str | None, shown("https://invoice.example/i/in_1/pdf")]
    """It as a file."""

    @classmethod
    def of(cls, invoice: domain.Invoice) -> Self:
        """Show an invoice."""
        return cls(
            id=invoice.invoice_id,
            number=invoice.number,
            total_minor=invoice.total_minor,
            currency=invoice.currency,
            status=invoice.status,
            created_at=invoice.created_at,
            hosted_url=invoice.page_url,
            pdf_url=invoice.pdf_url,
        )


class InvoicePage(Page[Invoice]):
    """Some invoices, and where the next part begins."""
