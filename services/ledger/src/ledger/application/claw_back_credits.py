"""Use case: take a payment's credits back when its money went back, or give them back."""

from dataclasses import dataclass
from datetime import datetime

from ledger.application.bounds import AMOUNT_MAX_CREDITS, require_account, require_between, require_text
from ledger.application.command import Command, Outcome
from ledger.domain import money_back
from ledger.domain.account import Account
from ledger.domain.identifiers import AccountId, MadeId, PaymentId
from ledger.domain.occasion import Occasion
from ledger.ports.unit_of_work import Needs, WorkingSet


@dataclass(kw_only=True, slots=True)
class ClawBackCredits(Command):
    """Let a cause (`refund`, `dispute:<id>`) take `target` credits of a payment in all.

    `reinstated`: the dispute was won, so what this cause took comes back and it never takes again.
    """

    kind = "claw_back"
    asked = (*Command.asked, "account_id", "payment_id", "cause", "target", "reinstated")

    account_id: AccountId
    payment_id: PaymentId
    cause: str
    target: int
    reinstated: bool = False

    def validate(self) -> None:
        """Raise InvalidField for a value that is out of its bounds."""
        Command.validate(self)
        require_account("account_id", self.account_id)
        require_text("payment_id", self.payment_id)
        require_text("cause", self.cause)
        require_between("target", self.target, 0, AMOUNT_MAX_CREDITS)

    def tell_needs(self, needs: Needs, now: datetime) -> None:
        """Add the account, the payment's lot and what was told about the payment before."""
        needs.openings.add(self.account_id)
        needs.payments.add(self.payment_id)

    def account(self, found: WorkingSet) -> Account:
        """Return the account. Raises PaymentOfAnotherAccount."""
        return found.payer(self.account_id, self.payment_id)

    def decide(self, account: Account, occasion: Occasion) -> PaymentId:
        """Take or give back the difference and return the payment's id."""
        money_back.claw_back(
            account,
            self.payment_id,
            cause=self.cause,
            target=self.target,
            reinstated=self.reinstated,
            occasion=occasion,
        )
        return self.payment_id

    def outcome(self, account: Account, made_id: MadeId, *, now: datetime, replayed: bool) -> Outcome:
        """Return what is taken back for the payment in all."""
        taken = account.clawbacks[self.payment_id].taken
        return Outcome(made_id, account.balance(now), taken=taken, replayed=replayed)
