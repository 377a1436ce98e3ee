"""Use case: open the processor's page where a person keeps plan, payment methods and invoices."""

from dataclasses import dataclass

from billing.application.bounds import require_same_origin, require_text
from billing.application.current_offers import CurrentOffers
from billing.application.open_customer import Customers
from billing.domain.errors import CustomerUnknownToProcessor
from billing.domain.identifiers import RequestId, UserId
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class OpenPortal:
    """Whose page it is, and where it leads back to."""

    user_id: UserId
    email: str
    return_url: str
    request_id: RequestId


@dataclass(frozen=True)
class OpenPortalHandler:
    """Everybody may open it: who never paid sees an empty one, who leaves switches to no other plan there."""

    units: UnitsOfWork
    processor: PaymentProcessor
    customers: Customers
    offers: CurrentOffers
    public_url: str

    async def __call__(self, command: OpenPortal) -> str:
        """Return its address, good for some minutes. Raises InvalidField, and what the port does."""
        require_text("user_id", command.user_id)
        require_text("email", command.email, longest=320)
        require_text("request_id", command.request_id)
        require_same_origin("return_url", command.return_url, self.public_url)
        customer_id = await self.customers.of(command.user_id, email=command.email)
        async with self.units.of(command.user_id) as work:
            departure = await work.departure(command.user_id)
        is_leaving = departure is not None and departure.is_leaving
        plans = [plan for plan in (await self.offers.read()).plans if plan.prices and not is_leaving]
        try:
            return await self.processor.open_portal(
                customer_id, plans=plans, return_url=command.return_url, request_id=command.request_id
            )
        except CustomerUnknownToProcessor:
            renewed = await self.customers.replace(command.user_id, email=command.email, unknown=customer_id)
            return await self.processor.open_portal(
                renewed, plans=plans, return_url=command.return_url, request_id=command.request_id
            )
