"""Use case: hear that an account's balance moved, for whoever wants packs bought by themselves."""

import asyncio
from dataclasses import dataclass, field, replace

from billing.domain.auto_top_up import AutoTopUp, TopUpState
from billing.domain.identifiers import CheckoutId, PaymentId, UserId
from billing.ports.clock import Clock
from billing.ports.unit_of_work import BillingReader, UnitOfWork, UnitsOfWork

# Every generation moves a balance: those facts are not to take every connection to the database.
AT_ONCE_MAX = 4


@dataclass(frozen=True, kw_only=True)
class HearBalance:
    """A balance, its place among those of the account, and the payment whose credits made it, if one did."""

    user_id: UserId
    available: int
    sequence: int
    payment_id: PaymentId | None = None


@dataclass(frozen=True)
class HearBalanceHandler:
    """Writes down what is due and buys nothing: whoever buys takes turns with this, an account at a time.

    The sequence is its inbox: what comes twice, late or in another order changes nothing. Of nearly all facts
    a look says that nobody wants to know: they are no transaction.
    """

    units: UnitsOfWork
    reader: BillingReader
    clock: Clock
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE_MAX))

    async def __call__(self, command: HearBalance) -> bool:
        """Note the balance; False for who did not ask for anything, and for what is old."""
        if not await self.reader.asked_for_top_ups(command.user_id):
            return False
        async with self.slots:
            return await self._note(command)

    async def _note(self, command: HearBalance) -> bool:
        now = self.clock.now()
        async with self.units.of(command.user_id) as work:
            known = await work.auto_top_up(command.user_id)
            if known is None:
                return False
            heard = known.heard(available=command.available, sequence=command.sequence, now=now)
            paid_for = await self._paid_for(work, command.payment_id, known)
            if paid_for is not None and paid_for == known.in_flight:
                await _close(work, paid_for)
                heard = heard.credited(now)
            elif paid_for is not None and paid_for == known.authenticates:
                heard = heard.authenticated(now)
            if heard == known:
                return False
            await work.save_auto_top_up(heard)
        return True

    async def _paid_for(
        self, work: UnitOfWork, payment_id: PaymentId | None, known: AutoTopUp
    ) -> CheckoutId | None:
        """Return whose credits these are, where that could matter."""
        if payment_id is None or (known.in_flight is None and known.authenticates is None):
            return None
        purchase = await work.purchase_of_payment(payment_id)
        return purchase.checkout_id if purchase else None


async def _close(work: UnitOfWork, checkout_id: CheckoutId) -> None:
    top_up = await work.top_up(checkout_id)
    if top_up is not None and top_up.state is TopUpState.OPEN:
        # Somebody else told of its payment before it was settled here.
        await work.save_top_up(replace(top_up, state=TopUpState.PAID))
