"""Use case: settle a reservation by taking credits."""

from dataclasses import dataclass

from ledger.application.bounds import require_amount
from ledger.application.settle_reservation import SettleReservation
from ledger.domain import settlement
from ledger.domain.account import Account
from ledger.domain.identifiers import ReservationId
from ledger.domain.occasion import Occasion


@dataclass(kw_only=True, slots=True)
class ChargeReservation(SettleReservation):
    """Take `amount` credits of a reservation and return the rest.

    A reservation that is settled already stays as it is, and its outcome is the answer.
    """

    kind = "charge"
    asked = (*SettleReservation.asked, "amount")

    amount: int

    def validate(self) -> None:
        """Raise InvalidField for a value that is out of its bounds."""
        SettleReservation.validate(self)
        require_amount("amount", self.amount)

    def decide(self, account: Account, occasion: Occasion) -> ReservationId:
        """Charge and return the reservation's id. Raises ChargeTooLarge."""
        settlement.charge(account, account.reservations[self.reservation_id], self.amount, occasion)
        return self.reservation_id
