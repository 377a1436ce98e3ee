"""Use case: say what an account's credits came from."""

from dataclasses import dataclass

from ledger.application.bounds import require_account
from ledger.domain.identifiers import AccountId
from ledger.domain.lot import Lot, in_taking_order
from ledger.ports.clock import Clock
from ledger.ports.ledger_reader import LedgerReader

LOTS_MAX = 100


@dataclass(frozen=True, kw_only=True)
class OpenLots:
    """Lots that have credits, in spending order, and how many more there are, which are spent last."""

    lots: list[Lot]
    further: int


@dataclass(frozen=True)
class ListLotsHandler:
    """Reads the lots of one account that have credits, those of later included, and none that expired."""

    reader: LedgerReader
    clock: Clock

    async def __call__(self, account_id: AccountId) -> OpenLots:
        """Return the first hundred. Raises InvalidField."""
        require_account("account_id", account_id)
        found = in_taking_order(await self.reader.open_lots(account_id, self.clock.now()))
        return OpenLots(lots=found[:LOTS_MAX], further=len(found[LOTS_MAX:]))
