"""Say whether packs are bought by themselves, with the balance that there is now."""

from dataclasses import dataclass

from gateway.domain.auto_top_up import AutoTopUp, AutoTopUpWish
from gateway.domain.credits import Balance
from gateway.domain.errors import Unavailable
from gateway.domain.identifiers import UserId
from gateway.ports.billing import Billing
from gateway.ports.identity import Identity
from gateway.ports.ledger import Ledger


@dataclass(frozen=True)
class SetAutoTopUpHandler:
    """Who has too few credits already is topped up at once: no change of the balance need come first."""

    billing: Billing
    ledger: Ledger
    identity: Identity

    async def __call__(self, user_id: UserId, wish: AutoTopUpWish) -> AutoTopUp:
        """Return how it stands from now on. Raises what the billing port's method does.

        Raises Conflict for who would switch it on while their account is about to be deleted.
        """
        if wish.is_on:
            (await self.identity.user(user_id)).require_staying()
        balance = await self._balance(user_id) if wish.is_on else None
        return await self.billing.set_auto_top_up(user_id, wish, balance=balance)

    async def _balance(self, user_id: UserId) -> Balance | None:
        try:
            return await self.ledger.balance(user_id)
        except Unavailable:
            # Then the next change of the balance begins it.
            return None
