"""Use case: reset a subscription's credits to its new period's allocation."""

from dataclasses import dataclass
from datetime import datetime

from ledger.application.grant_credits import GrantCredits
from ledger.domain import grants
from ledger.domain.account import Account
from ledger.domain.identifiers import GrantId
from ledger.domain.occasion import Occasion
from ledger.ports.unit_of_work import Needs


@dataclass(kw_only=True, slots=True)
class RenewSubscription(GrantCredits):
    """Grant the new allocation and end what is left of older lots of the same `source`, at once."""

    kind = "renew"

    def tell_needs(self, needs: Needs, now: datetime) -> None:
        """Add the account with every lot of the subscription, drained ones too: jobs may hold some."""
        GrantCredits.tell_needs(self, needs, now)
        needs.sources.add((self.account_id, self.source))

    def decide(self, account: Account, occasion: Occasion) -> GrantId:
        """Reset, and return the id of the new lot. Raises PaymentAlreadyGranted."""
        self.require_new_payment(account)
        lot = self.lot(occasion)
        grants.renew(account, lot, occasion)
        return lot.grant_id
