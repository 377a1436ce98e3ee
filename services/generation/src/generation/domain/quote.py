"""A price that was promised."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from generation.domain.documents import digest
from generation.domain.errors import InvalidQuote, QuoteExpired
from generation.domain.identifiers import AccountId, ModelId


@dataclass(frozen=True)
class Quote:
    """Credits for one exact input of one account, until a moment."""

    account_id: AccountId
    model_id: ModelId
    input_sha256: str
    credits: int
    expires_at: datetime

    def honour(
        self, *, account_id: AccountId, model_id: ModelId, job: Mapping[str, Any], now: datetime
    ) -> int:
        """Return the promised credits. Raises InvalidQuote for another job, QuoteExpired when late."""
        if (self.account_id, self.model_id, self.input_sha256) != (account_id, model_id, digest(job)):
            raise InvalidQuote("the quote is for another account, model or input")
        if now >= self.expires_at:
            raise QuoteExpired(f"the quote expired at {self.expires_at:%Y-%m-%d %H:%M:%S} UTC")
        return self.credits
