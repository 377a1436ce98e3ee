"""Links to jobs in memory, for tests."""

from collections.abc import Sequence
from datetime import datetime

from generation.adapters.outbound.memory_constraints import check_share
from generation.adapters.outbound.memory_tables import Tables
from generation.domain.identifiers import AccountId, GenerationId, ShareId
from generation.domain.share import Share


class MemoryShares:
    """Links in a dictionary."""

    def __init__(self, tables: Tables, account: AccountId | None) -> None:
        self._tables = tables
        self._account = account

    async def add(self, share: Share) -> None:
        check_share(share, self._tables)
        self._tables.shares[share.share_id] = share

    async def of(self, generation_id: GenerationId) -> Sequence[Share]:
        rows = [row for row in self._seen() if row.generation_id == generation_id]
        return sorted(rows, key=lambda row: row.share_id, reverse=True)

    async def with_hash(self, token_hash: str) -> Share | None:
        return next((row for row in self._seen() if row.token_hash == token_hash), None)

    async def remove(self, generation_id: GenerationId, share_id: ShareId | None = None) -> None:
        for row in await self.of(generation_id):
            if share_id in (None, row.share_id):
                del self._tables.shares[row.share_id]

    async def remove_expired(self, generation_id: GenerationId, *, now: datetime) -> None:
        for row in await self.of(generation_id):
            if row.expires_at <= now:
                del self._tables.shares[row.share_id]

    def _seen(self) -> list[Share]:
        return [row for row in self._tables.shares.values() if self._account in (None, row.account_id)]
