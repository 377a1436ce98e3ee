"""What an account's plan opens, as billing told it last. Pure."""

from dataclasses import dataclass
from datetime import datetime

from generation.domain.identifiers import AccountId


@dataclass(frozen=True, kw_only=True)
class Entitlements:
    """A copy: of several of one account, the one with the highest revision counts."""

    account_id: AccountId
    # Words such as `premium`.
    words: tuple[str, ...]
    # Nobody believes it from then on; None: for good.
    valid_until: datetime | None
    revision: int

    def opens(self, word: str, now: datetime) -> bool:
        """Whether whatever requires this word is open."""
        return word in self.words and (self.valid_until is None or now < self.valid_until)
