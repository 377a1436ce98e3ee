"""Copies of what accounts' plans open."""

from typing import Protocol

from generation.domain.entitlements import Entitlements
from generation.domain.identifiers import AccountId


class EntitlementCopies(Protocol):
    """The table of them, one an account. One account's transaction sees its own only."""

    async def keep(self, entitlements: Entitlements) -> bool:
        """Store a copy; False, changing nothing, where one is kept whose revision is as high."""
        ...

    async def of(self, account_id: AccountId) -> Entitlements | None:
        """Return an account's copy."""
        ...
