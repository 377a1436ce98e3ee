"""The payment processor's page for a customer."""

from typing import Annotated

from gateway.adapters.inbound.rest.answers.answer import Answer, shown


class BillingPortal(Answer):
    """Where a person keeps plan, payment methods and invoices."""

    url: Annotated[str, shown("https://billing.example/p/session/bps_1")]
    """Good for some minutes, for this person alone."""
