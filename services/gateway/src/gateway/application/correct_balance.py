"""Correct somebody's balance."""

from dataclasses import dataclass

from gateway.domain.administration import Actor
from gateway.domain.credits import Balance
from gateway.domain.identifiers import UserId
from gateway.ports.identity import Identity
from gateway.ports.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class CorrectBalance:
    """By how much, up or down, and why; once a key of the actor's."""

    actor: Actor
    user_id: UserId
    amount_credits: int
    reason: str
    idempotency_key: str


@dataclass(frozen=True)
class CorrectBalanceHandler:
    """Asks identity first: the ledger's accounts outlive their people, and name nobody."""

    identity: Identity
    ledger: Ledger

    async def __call__(self, command: CorrectBalance) -> tuple[Balance, bool]:
        """Return the balance, and whether it was corrected before.

        Raises NotFound (USER_NOT_FOUND for whoever is nobody or was erased, ACCOUNT_NOT_FOUND), Forbidden
        (NOT_AN_ADMIN), InsufficientCredits and IdempotencyKeyReused.
        """
        await self.identity.user(command.user_id)
        return await self.ledger.adjust(
            command.actor,
            command.user_id,
            command.amount_credits,
            reason=command.reason,
            idempotency_key=command.idempotency_key,
        )
