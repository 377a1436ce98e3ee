"""Use case: book the credits of lots that expired."""

from dataclasses import dataclass
from datetime import datetime

from ledger.application.command import Command
from ledger.application.command_writer import CommandWriter
from ledger.domain import expiry
from ledger.domain.account import Account
from ledger.domain.identifiers import AccountId, RequestId
from ledger.domain.occasion import Occasion
from ledger.ports.clock import Clock
from ledger.ports.ledger_reader import LedgerReader
from ledger.ports.unit_of_work import Needs, WorkingSet

BATCH_MAX = 200
# So that one sweep ends, however many accounts are due.
BATCHES_MAX = 50


@dataclass(frozen=True, kw_only=True)
class Expired:
    """How many accounts there were, and why some of them could not be booked: they are tried again."""

    accounts: int
    failures: tuple[str, ...] = ()


@dataclass(kw_only=True, slots=True)
class ExpireLots(Command):
    """Book what is left of an account's expired lots. Harmless to repeat, so it has no request id."""

    request_id: RequestId | None = None
    account_id: AccountId

    def validate(self) -> None:
        """Accept it as it is: the sweeper makes it, and there is nothing to get wrong."""

    def tell_needs(self, needs: Needs, now: datetime) -> None:
        """Add the account."""
        needs.accounts.add(self.account_id)

    def account(self, found: WorkingSet) -> Account:
        """Return the account."""
        return found.account(self.account_id)

    def decide(self, account: Account, occasion: Occasion) -> AccountId:
        """Book them and return the account's id: nothing is made that has its own."""
        expiry.expire_lots(account, occasion)
        return self.account_id


@dataclass(frozen=True)
class ExpireLotsHandler:
    """Books expiry. Reserve judges expiry itself: this only tidies the books."""

    writer: CommandWriter
    reader: LedgerReader
    clock: Clock

    async def __call__(self) -> Expired:
        """Expire what is due, a batch of accounts after the other: one that fails keeps nobody waiting."""
        accounts = 0
        after: AccountId | None = None
        failures: list[str] = []
        for _ in range(BATCHES_MAX):
            due = await self.reader.accounts_with_expired_lots(self.clock.now(), BATCH_MAX, after=after)
            if not due:
                break
            commands = [ExpireLots(account_id=account_id, reason="lot expired") for account_id in due]
            outcomes = await self.writer.apply_batch(commands)
            failures += [
                f"{account_id}: {outcome.refusal!r}"
                for account_id, outcome in zip(due, outcomes, strict=True)
                if outcome.refusal is not None
            ]
            accounts, after = accounts + len(due), due[-1]
        return Expired(accounts=accounts, failures=tuple(failures))
