"""The processor's customer of a user: one a user, made anew when the processor no longer knows it."""

from dataclasses import dataclass

from billing.domain.errors import AccountGone
from billing.domain.identifiers import CustomerId, UserId
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class Customers:
    """Links users to customers: however many ask at once, one customer is made."""

    units: UnitsOfWork
    processor: PaymentProcessor

    async def of(self, user_id: UserId, *, email: str) -> CustomerId:
        """Return the user's customer, a new one if there is none."""
        async with self.units.of(user_id) as work:
            known = await work.customer_of(user_id)
        return known or await self._open(user_id, email=email, instead_of=None)

    async def replace(self, user_id: UserId, *, email: str, unknown: CustomerId) -> CustomerId:
        """Return a customer in place of one that the processor does not know."""
        return await self._open(user_id, email=email, instead_of=unknown)

    async def _open(self, user_id: UserId, *, email: str, instead_of: CustomerId | None) -> CustomerId:
        async with self.units.of(user_id) as work:
            if await work.is_erased(user_id):
                raise AccountGone
        opened = await self.processor.open_customer(user_id=user_id, email=email, instead_of=instead_of)
        async with self.units.of(user_id) as work:
            # Their account may have been erased while the processor was asked: nobody would come back for it.
            if not await work.is_erased(user_id):
                return await work.link_customer(user_id, opened, instead_of=instead_of)
        await self.processor.forget_customer(opened)
        raise AccountGone
