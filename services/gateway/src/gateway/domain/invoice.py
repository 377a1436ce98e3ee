"""Invoices, as the payment processor makes them out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.identifiers import InvoiceId


class InvoiceStatus(StrEnum):
    """Where it is: nobody has to pay a void one, nobody is asked for an uncollectible one any more."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """What was to be paid, with the processor's page and file of it where there are any."""

    invoice_id: InvoiceId
    number: str | None
    total_minor: int
    currency: str
    status: InvoiceStatus
    created_at: datetime
    page_url: str | None
    pdf_url: str | None
