"""Use case: correct a balance by hand."""

from dataclasses import dataclass
from datetime import datetime

from ledger.application.bounds import REASON_MAX, require_account, require_amount, require_text
from ledger.application.command import Command
from ledger.domain import correction
from ledger.domain.account import Account
from ledger.domain.correction import AT_A_TERMINAL, Decider
from ledger.domain.errors import InvalidField
from ledger.domain.identifiers import AccountId, GrantId, TransactionId
from ledger.domain.occasion import Occasion
from ledger.ports.unit_of_work import Needs, WorkingSet


@dataclass(kw_only=True, slots=True)
class AdjustBalance(Command):
    """Move a balance up or down by `amount`. `actor` and `reason` are required: the journal keeps them."""

    kind = "adjust"
    asked = (*Command.asked, "account_id", "amount")

    account_id: AccountId
    amount: int
    # Another place to ask from is no other request.
    decider: Decider = AT_A_TERMINAL

    def validate(self) -> None:
        """Raise InvalidField for a value that is missing or out of its bounds."""
        Command.validate(self)
        require_account("account_id", self.account_id)
        if self.amount == 0:
            raise InvalidField("amount", "must not be 0")
        require_amount("amount", abs(self.amount))
        require_text("actor", self.actor)
        require_text("reason", self.reason, longest=REASON_MAX)

    def tell_needs(self, needs: Needs, now: datetime) -> None:
        """Add the account."""
        needs.accounts.add(self.account_id)

    def account(self, found: WorkingSet) -> Account:
        """Return the account. Raises AccountNotFound: a correction opens none, whatever was typed."""
        return found.known_account(self.account_id)

    def decide(self, account: Account, occasion: Occasion) -> GrantId | TransactionId:
        """Correct the balance and return the lot that was made, or the transaction that took."""
        return correction.adjust(account, self.amount, occasion, self.decider)
