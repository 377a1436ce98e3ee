"""Use case: add a lot of credits to an account."""

from dataclasses import dataclass
from datetime import datetime

from ledger.application.bounds import require_account, require_amount, require_between, require_text
from ledger.application.command import Command
from ledger.domain import grants
from ledger.domain.account import Account
from ledger.domain.errors import InvalidField, PaymentAlreadyGranted
from ledger.domain.identifiers import AccountId, GrantId, PaymentId
from ledger.domain.lot import USUAL_PRIORITY, Category, Lot
from ledger.domain.occasion import Occasion
from ledger.ports.unit_of_work import Needs, WorkingSet


@dataclass(kw_only=True, slots=True)
class GrantCredits(Command):
    """Add `amount` credits. `source` says where they come from, such as `payment:pi_123`.

    `payment_id` makes it the payment's one grant, which a clawback follows.
    """

    kind = "grant"
    asked = (
        *Command.asked,
        "account_id",
        "amount",
        "category",
        "priority",
        "effective_at",
        "expires_at",
        "source",
        "payment_id",
    )

    account_id: AccountId
    amount: int
    category: Category
    priority: int | None = None
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    source: str
    payment_id: PaymentId | None = None

    def validate(self) -> None:
        """Raise InvalidField for a value that is out of its bounds."""
        Command.validate(self)
        require_account("account_id", self.account_id)
        require_amount("amount", self.amount)
        if self.priority is not None:
            require_between("priority", self.priority, 0, 1000)
        require_text("source", self.source)
        if self.payment_id is not None:
            require_text("payment_id", self.payment_id)
        if self.expires_at and self.effective_at and self.expires_at <= self.effective_at:
            raise InvalidField("expires_at", "must be after effective_at")

    def tell_needs(self, needs: Needs, now: datetime) -> None:
        """Add the account, opened when it is new, and what was told about the payment before."""
        needs.openings.add(self.account_id)
        if self.payment_id is not None:
            needs.payments.add(self.payment_id)

    def account(self, found: WorkingSet) -> Account:
        """Return the account. Raises PaymentOfAnotherAccount."""
        return found.payer(self.account_id, self.payment_id)

    def decide(self, account: Account, occasion: Occasion) -> GrantId:
        """Add the lot and return its id. Raises PaymentAlreadyGranted."""
        self.require_new_payment(account)
        lot = self.lot(occasion)
        grants.grant(account, lot, occasion)
        return lot.grant_id

    def require_new_payment(self, account: Account) -> None:
        """Raise PaymentAlreadyGranted when the payment has its grant."""
        if self.payment_id and any(lot.payment_id == self.payment_id for lot in account.lots.values()):
            raise PaymentAlreadyGranted(f"payment {self.payment_id} was granted already")

    def lot(self, occasion: Occasion) -> Lot:
        """Return the lot that this command makes."""
        return Lot.granted(
            grant_id=GrantId(occasion.new_id("grt")),
            account_id=self.account_id,
            category=self.category,
            amount=self.amount,
            priority=USUAL_PRIORITY if self.priority is None else self.priority,
            effective_at=self.effective_at,
            expires_at=self.expires_at,
            source=self.source,
            payment_id=self.payment_id,
            created_at=occasion.now,
        )
