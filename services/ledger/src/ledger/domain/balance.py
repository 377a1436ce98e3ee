"""Balances, as they are shown."""

from datetime import datetime
from typing import NamedTuple


class Balance(NamedTuple):
    """What an account can spend and what is held. `sequence` tells which of two balances is newer."""

    account_id: str
    available: int = 0
    held: int = 0
    debt: int = 0
    subscription: int = 0
    promotional: int = 0
    paid: int = 0
    next_expiry: datetime | None = None
    sequence: int = 0
