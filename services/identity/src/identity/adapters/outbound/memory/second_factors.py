"""Second factors, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from identity.adapters.outbound.memory.store import MemoryStore
from identity.domain.identifiers import UserId
from identity.domain.second_factor import Challenge, SecondFactor
from identity.domain.secret import SecretDigest


@dataclass(frozen=True)
class MemorySecondFactors:
    """Implements SecondFactors on one transaction's copy."""

    store: MemoryStore
    owner: UserId

    async def get(self, user_id: UserId) -> SecondFactor | None:
        """See SecondFactors."""
        return self.store.second_factors.get(user_id) if user_id == self.owner else None

    async def save(self, factor: SecondFactor) -> None:
        """See SecondFactors."""
        self.store.second_factors[factor.user_id] = factor

    async def remove(self, user_id: UserId) -> None:
        """See SecondFactors."""
        self.store.second_factors.pop(user_id, None)
        await self.replace_codes(user_id, [])

    async def replace_codes(self, user_id: UserId, digests: Sequence[SecretDigest]) -> None:
        """See SecondFactors."""
        for key in [key for key in self.store.recovery_codes if key[0] == user_id]:
            del self.store.recovery_codes[key]
        self.store.recovery_codes |= {(user_id, code): None for code in digests}

    async def use_code(self, user_id: UserId, code: SecretDigest, now: datetime) -> bool:
        """See SecondFactors."""
        if self.store.recovery_codes.get((user_id, code), now) is not None or user_id != self.owner:
            return False
        self.store.recovery_codes[user_id, code] = now
        return True

    async def codes_left(self, user_id: UserId) -> int:
        """See SecondFactors."""
        own = [used for (owner, _), used in self.store.recovery_codes.items() if owner == user_id]
        return own.count(None) if user_id == self.owner else 0

    async def add_challenge(self, challenge: Challenge) -> None:
        """See SecondFactors."""
        self.store.challenges[challenge.token_digest] = challenge

    async def lock_challenge(self, token_digest: SecretDigest) -> Challenge | None:
        """See SecondFactors."""
        challenge = self.store.challenges.get(token_digest)
        return challenge if challenge is not None and challenge.user_id == self.owner else None

    async def end_challenges(self, user_id: UserId, now: datetime) -> None:
        """See SecondFactors."""
        for token, challenge in self.store.challenges.items():
            if challenge.user_id == user_id == self.owner and challenge.used_at is None:
                self.store.challenges[token] = replace(challenge, used_at=now)

    async def save_challenge(self, challenge: Challenge) -> None:
        """See SecondFactors."""
        self.store.challenges[challenge.token_digest] = challenge
