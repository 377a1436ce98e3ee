"""Corrections of balances in memory."""

from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.domain.administration import Actor
from gateway.domain.credits import Balance, EntryKind
from gateway.domain.errors import Forbidden, IdempotencyKeyReused, InsufficientCredits, NotFound
from gateway.domain.identifiers import AccountId, GenerationId
from gateway.domain.user import Role


class MemoryCorrectedLedger(MemoryLedger):
    """The ledger with the part of it that changes something."""

    async def adjust(
        self, actor: Actor, account_id: AccountId, amount_credits: int, *, reason: str, idempotency_key: str
    ) -> tuple[Balance, bool]:
        """See Ledger."""
        if actor.role is not Role.ADMIN:
            raise Forbidden("only an administrator may do that", reason="NOT_AN_ADMIN")
        if account_id not in self.journal:
            raise NotFound(f"no account {account_id}", reason="ACCOUNT_NOT_FOUND")
        request, asked = (actor.user_id, idempotency_key), (account_id, amount_credits, reason)
        if known := self.corrected.get(request):
            if known != asked:
                raise IdempotencyKeyReused("The key came before with another request.")
            return await self.balance(account_id), True
        available = (await self.balance(account_id)).available
        if available + amount_credits < 0:
            raise InsufficientCredits(
                f"{-amount_credits} credits are needed and {available} are available",
                balance_credits=available,
                required_credits=-amount_credits,
                generation_id=GenerationId(""),
            )
        self.corrected[request] = asked
        self.write(account_id, EntryKind.ADJUST, amount_credits, held=0, reason=reason)
        return await self.balance(account_id), False
