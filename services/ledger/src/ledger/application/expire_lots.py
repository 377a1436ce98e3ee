"""Use case: book the credits of lots that expired."""

from ledger.domain.entry import Links
from ledger.ports.clock import Clock
from ledger.ports.id_source import IdSource
from ledger.ports.ledger_reader import LedgerReader
from ledger.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 200


class ExpireLotsHandler:
    """Books expiry, one account a transaction. Reserve judges expiry itself: this only tidies the books."""

    def __init__(self, units: UnitsOfWork, reader: LedgerReader, clock: Clock, ids: IdSource) -> None:
        self._units = units
        self._reader = reader
        self._clock = clock
        self._ids = ids

    async def handle(self) -> int:
        """Expire what is due in up to a batch of accounts; return the credits."""
        now = self._clock.now()
        total = 0
        for account_id in await self._reader.accounts_with_expired_lots(now, BATCH_MAX):
            async with self._units.begin() as unit:
                account = await unit.lock_account(account_id)
                links = Links(transaction_id=self._ids.new("txn"), reason="lot expired")
                total += account.expire_lots(links=links, now=now, new_id=self._ids.new)
                await unit.commit(account)
        return total
