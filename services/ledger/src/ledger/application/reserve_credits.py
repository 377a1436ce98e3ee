"""Use case: set credits aside for a job."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.application.bounds import (
    AMOUNT_MAX_CREDITS,
    BUDGETS_MAX,
    TTL_MAX_S,
    TTL_MIN_S,
    require_account,
    require_amount,
    require_between,
    require_text,
)
from ledger.application.command import Command, Outcome
from ledger.domain import holds
from ledger.domain.account import Account
from ledger.domain.budget import BudgetKey, BudgetScope
from ledger.domain.errors import InvalidField
from ledger.domain.identifiers import AccountId, MadeId, ReservationId
from ledger.domain.occasion import Occasion
from ledger.ports.unit_of_work import Needs, WorkingSet


@dataclass(kw_only=True, slots=True)
class ReserveCredits(Command):
    """Hold `amount` credits for `reference` until `ttl_s` seconds have passed.

    `budget_scopes` are limits that it must fit besides the account's own credits.
    """

    kind = "reserve"
    asked = (*Command.asked, "account_id", "amount", "reference", "ttl_s", "budget_scopes")

    account_id: AccountId
    amount: int
    reference: str
    ttl_s: int
    budget_scopes: tuple[BudgetScope, ...] = ()

    def validate(self) -> None:
        """Raise InvalidField for a value that is out of its bounds."""
        Command.validate(self)
        require_account("account_id", self.account_id)
        require_amount("amount", self.amount)
        require_text("reference", self.reference)
        require_between("ttl_s", self.ttl_s, TTL_MIN_S, TTL_MAX_S)
        if self.budget_scopes:
            self._validate_budgets()

    def tell_needs(self, needs: Needs, now: datetime) -> None:
        """Add the account, and what is used of the budgets."""
        needs.accounts.add(self.account_id)
        for scope in self.budget_scopes:
            key = BudgetKey(scope.scope, scope.period, scope.period.starts_on(now))
            needs.budgets.add((self.account_id, key))

    def account(self, found: WorkingSet) -> Account:
        """Return the account."""
        return found.account(self.account_id)

    def decide(self, account: Account, occasion: Occasion) -> ReservationId:
        """Hold the credits and return the reservation's id."""
        return holds.reserve(
            account,
            self.amount,
            reference=self.reference,
            expires_at=occasion.now + timedelta(seconds=self.ttl_s),
            budget_scopes=self.budget_scopes,
            occasion=occasion,
        ).reservation_id

    def outcome(self, account: Account, made_id: MadeId, *, now: datetime, replayed: bool) -> Outcome:
        """Return the reservation as it stands."""
        return Outcome.of_reservation(account, ReservationId(made_id), now=now, replayed=replayed)

    def _validate_budgets(self) -> None:
        if len(self.budget_scopes) > BUDGETS_MAX:
            raise InvalidField("budget_scopes", f"at most {BUDGETS_MAX} are allowed")
        if len({(scope.scope, scope.period) for scope in self.budget_scopes}) < len(self.budget_scopes):
            raise InvalidField("budget_scopes", "must not name the same scope and period twice")
        for scope in self.budget_scopes:
            require_text("budget_scopes.scope", scope.scope)
            require_between("budget_scopes.limit", scope.limit, 0, AMOUNT_MAX_CREDITS)
