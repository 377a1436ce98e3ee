"""Balances, as they are shown."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from ledger.domain.identifiers import AccountId
from ledger.domain.lot import Category

NO_CREDITS: Mapping[Category, int] = MappingProxyType({})


class Balance(NamedTuple):
    """What an account can spend at a moment, and what is held.

    `available` is the largest amount that could be reserved then, `by_category` what of it is of each
    category that has any. `upcoming` is what becomes available later, the first of it at `next_effective`.
    `sequence` tells which of two balances is newer.
    """

    account_id: AccountId
    available: int = 0
    held: int = 0
    debt: int = 0
    by_category: Mapping[Category, int] = NO_CREDITS
    next_expiry: datetime | None = None
    sequence: int = 0
    upcoming: int = 0
    next_effective: datetime | None = None
