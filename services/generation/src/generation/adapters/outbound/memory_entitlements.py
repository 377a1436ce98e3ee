"""Copies of what plans open, in memory, for tests."""

from generation.adapters.outbound.memory_constraints import check_entitlements
from generation.adapters.outbound.memory_tables import Tables
from generation.domain.entitlements import Entitlements
from generation.domain.identifiers import AccountId


class MemoryEntitlementCopies:
    """Copies in a dictionary."""

    def __init__(self, tables: Tables, account: AccountId | None) -> None:
        self._rows = tables.entitlements
        self._account = account

    async def keep(self, told: Entitlements) -> bool:
        check_entitlements(told)
        kept = await self.of(told.account_id)
        if kept is not None and kept.revision >= told.revision:
            return False
        self._rows[told.account_id] = told
        return True

    async def of(self, account_id: AccountId) -> Entitlements | None:
        return self._rows.get(account_id) if self._account in (None, account_id) else None
