"""A link by which whoever has it sees one finished job, until it expires or is withdrawn."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from generation.domain.errors import InvalidInput, Violation
from generation.domain.identifiers import AccountId, GenerationId, ShareId

# An hour, a day, a week, thirty days.
LIFETIMES_S = (3_600, 86_400, 604_800, 2_592_000)
# Links of one job that work at the same time.
SHARES_MAX = 20


@dataclass(frozen=True, kw_only=True)
class Share:
    """A link. Its token is kept as a hash alone, so that a copy of the database opens nothing."""

    share_id: ShareId
    generation_id: GenerationId
    account_id: AccountId
    token_hash: str
    shows_prompt: bool
    created_at: datetime
    expires_at: datetime

    @classmethod
    def opened(
        cls,
        share_id: ShareId,
        generation_id: GenerationId,
        account_id: AccountId,
        *,
        token: str,
        lifetime_s: int,
        shows_prompt: bool,
        now: datetime,
    ) -> Self:
        """Return a new link. Raises InvalidInput for a lifetime that is not on offer."""
        if lifetime_s not in LIFETIMES_S:
            offered = ", ".join(map(str, LIFETIMES_S))
            raise InvalidInput([Violation("lifetime_s", f"must be one of {offered}")])
        return cls(
            share_id=share_id,
            generation_id=generation_id,
            account_id=account_id,
            token_hash=hash_of(token),
            shows_prompt=shows_prompt,
            created_at=now,
            expires_at=now + timedelta(seconds=lifetime_s),
        )


def hash_of(token: str) -> str:
    """Return what is kept of a token. It is random and long: nothing slower than SHA-256 is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
