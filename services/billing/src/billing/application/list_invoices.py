"""Use case: show a person their invoices."""

from dataclasses import dataclass

from billing.application.bounds import page_size, require_text
from billing.domain.errors import InvalidField, UnknownToProcessor
from billing.domain.identifiers import UserId
from billing.domain.listing import Listing
from billing.domain.processor_subscription import Invoice
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class ListInvoices:
    """One page of a user's invoices, after an id of the page before; a limit of 0 is the default."""

    user_id: UserId
    after: str | None
    limit: int


@dataclass(frozen=True)
class ListInvoicesHandler:
    """They are the processor's: it is asked for each page, by the customer that the user is there."""

    units: UnitsOfWork
    processor: PaymentProcessor

    async def __call__(self, command: ListInvoices) -> Listing[Invoice]:
        """Return one page, newest first. Raises InvalidField for an id that is from no page of theirs."""
        require_text("user_id", command.user_id)
        if command.after is not None:
            require_text("page_token", command.after)
        size = page_size(command.limit)
        async with self.units.of(command.user_id) as work:
            customer_id = await work.customer_of(command.user_id)
        if customer_id is None:
            return Listing(items=[], next_after=None)
        try:
            return await self.processor.list_invoices(customer_id, after=command.after, limit=size)
        except UnknownToProcessor as unknown:
            if command.after is None:
                # The customer was deleted there: so were their invoices.
                return Listing(items=[], next_after=None)
            raise InvalidField("page_token", "is not from a page before") from unknown
