"""Balances, as they are shown."""

from datetime import datetime
from typing import NamedTuple

from ledger.domain.identifiers import AccountId


class Balance(NamedTuple):
    """What an account can spend at a moment, and what is held.

    `available` is the largest amount that could be reserved then, in all and by category; `upcoming` is what
    becomes available later, the first of it at `next_effective`. `sequence` tells which of two balances is
    newer.
    """

    account_id: AccountId
    available: int = 0
    held: int = 0
    debt: int = 0
    subscription: int = 0
    promotional: int = 0
    paid: int = 0
    next_expiry: datetime | None = None
    sequence: int = 0
    upcoming: int = 0
    next_effective: datetime | None = None
