"""The ledger in memory, for tests."""

from dataclasses import dataclass, field
from datetime import date

from generation.domain.errors import LedgerUnavailable
from generation.domain.identifiers import AccountId, ApiKeyId, GenerationId, ReservationId
from generation.domain.key_use import KeyUse
from generation.ports.ledger import KeyLimitReached, Refusal, Reservation


@dataclass
class MemoryLedger:
    """Holds credits of any account out of one pot; remembers each answer."""

    available: int = 1000
    owed: int = 0
    reachable: bool = True
    # Held, but the answer never arrives.
    loses_answers: bool = False
    used_by_key: dict[ApiKeyId, int] = field(default_factory=dict)
    keys_reset_on: date | None = None
    answers: dict[GenerationId, Reservation | Refusal | KeyLimitReached] = field(default_factory=dict)

    async def reserve(
        self,
        generation_id: GenerationId,
        account_id: AccountId,
        *,
        amount_credits: int,
        ttl_s: int,
        key: KeyUse | None = None,
    ) -> Reservation | Refusal | KeyLimitReached:
        if not self.reachable:
            raise LedgerUnavailable("the ledger does not answer")
        if generation_id not in self.answers:
            self.answers[generation_id] = self._decide(generation_id, amount_credits, key)
        if self.loses_answers:
            raise LedgerUnavailable("the ledger's answer was lost")
        return self.answers[generation_id]

    def _decide(
        self, generation_id: GenerationId, amount_credits: int, key: KeyUse | None
    ) -> Reservation | Refusal | KeyLimitReached:
        if self.owed:
            return Refusal(0, owed=self.owed)
        if amount_credits > self.available:
            return Refusal(self.available)
        if key is not None and key.monthly_credits_max is not None:
            used = self.used_by_key.get(key.key_id, 0)
            if used + amount_credits > key.monthly_credits_max:
                return KeyLimitReached(key.monthly_credits_max, used, self.keys_reset_on)
            self.used_by_key[key.key_id] = used + amount_credits
        self.available -= amount_credits
        return Reservation(ReservationId(generation_id.replace("gen_", "res_")))
