"""Use case: open an account that has nothing yet."""

from dataclasses import dataclass
from datetime import datetime

from ledger.application.bounds import require_account
from ledger.application.command import Command
from ledger.domain.account import Account
from ledger.domain.identifiers import AccountId
from ledger.domain.occasion import Occasion
from ledger.ports.unit_of_work import Needs, WorkingSet


@dataclass(kw_only=True, slots=True)
class OpenAccount(Command):
    """Let an account be known, so that a person may correct it before anything was granted to it."""

    kind = "open"
    asked = (*Command.asked, "account_id")

    account_id: AccountId

    def validate(self) -> None:
        """Raise InvalidField for a value that is out of its bounds."""
        Command.validate(self)
        require_account("account_id", self.account_id)

    def tell_needs(self, needs: Needs, now: datetime) -> None:
        """Add the account, opened when it is new."""
        needs.openings.add(self.account_id)

    def account(self, found: WorkingSet) -> Account:
        """Return the account."""
        return found.account(self.account_id)

    def decide(self, account: Account, occasion: Occasion) -> AccountId:
        """Nothing is left to do: return the account's id."""
        return self.account_id
