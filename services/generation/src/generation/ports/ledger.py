"""Where credits are held."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from generation.domain.identifiers import AccountId, GenerationId, ReservationId
from generation.domain.key_use import KeyUse


@dataclass(frozen=True)
class Reservation:
    """Credits set aside."""

    reservation_id: ReservationId


@dataclass(frozen=True)
class Refusal:
    """Too few credits; nothing was set aside. `owed` is a debt that must be paid before anything is."""

    available: int
    owed: int = 0


@dataclass(frozen=True)
class KeyLimitReached:
    """The account has the credits, but the job's key may not reserve so many this month."""

    limit: int
    used: int
    resets_on: date | None


class Ledger(Protocol):
    """Sets credits aside. Charges and refunds follow from generation's events, never from a call."""

    async def reserve(
        self,
        generation_id: GenerationId,
        account_id: AccountId,
        *,
        amount_credits: int,
        ttl_s: int,
        key: KeyUse | None = None,
    ) -> Reservation | Refusal | KeyLimitReached:
        """Reserves for one generation, once: a second call gets the first answer, refusals included.

        Raises LedgerUnavailable when there was no answer: the credits may or may not be held.
        """
        ...
