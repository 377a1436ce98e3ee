"""Use case: say what an account can spend, now or as it was."""

from dataclasses import dataclass
from datetime import datetime

from ledger.application.bounds import require_account
from ledger.domain.balance import Balance
from ledger.domain.identifiers import AccountId
from ledger.ports.clock import Clock
from ledger.ports.ledger_reader import LedgerReader
from ledger.ports.statements import Statements


@dataclass(frozen=True)
class ReadBalanceHandler:
    """Reads one account's balance: now by its lots, in the past by its journal."""

    reader: LedgerReader
    statements: Statements
    clock: Clock

    async def __call__(self, account_id: AccountId, *, as_of: datetime | None = None) -> Balance:
        """Return the balance now, or as it was; zeroes for an account that was not used by then."""
        require_account("account_id", account_id)
        if as_of is not None:
            return await self.statements.balance_as_of(account_id, as_of)
        return await self.reader.balance(account_id, self.clock.now())
