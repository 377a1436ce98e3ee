"""Use case: give a reservation back."""

from dataclasses import dataclass

from ledger.application.settle_reservation import SettleReservation
from ledger.domain import settlement
from ledger.domain.account import Account
from ledger.domain.identifiers import ReservationId
from ledger.domain.occasion import Occasion


@dataclass(kw_only=True, slots=True)
class RefundReservation(SettleReservation):
    """Give back a held reservation; a charged one only by a person's decision (`even_if_charged`).

    A reservation that is refunded already stays as it is, and its outcome is the answer.
    """

    kind = "refund"
    asked = (*SettleReservation.asked, "even_if_charged")

    even_if_charged: bool = False

    def decide(self, account: Account, occasion: Occasion) -> ReservationId:
        """Refund and return the reservation's id."""
        settlement.refund(
            account,
            account.reservations[self.reservation_id],
            even_if_charged=self.even_if_charged,
            occasion=occasion,
        )
        return self.reservation_id
