"""Use case: put off an overdue reservation whose job could not be asked about."""

from dataclasses import dataclass
from datetime import timedelta

from ledger.application.settle_reservation import SettleReservation
from ledger.domain import settlement
from ledger.domain.account import Account
from ledger.domain.identifiers import RequestId, ReservationId
from ledger.domain.occasion import Occasion

# Longer the longer it was held already, so that a job that can never be asked about is seldom asked about.
AGE_PART = 4
POSTPONED_MIN_S, POSTPONED_MAX_S = 60, 3_600


@dataclass(kw_only=True, slots=True)
class PostponeReservation(SettleReservation):
    """Let a held reservation be overdue again after a quarter of its age, a minute to an hour.

    Harmless to repeat, so it has no request id: an outage leaves no row for every time that was tried.
    """

    request_id: RequestId | None = None

    def validate(self) -> None:
        """Accept it as it is: the sweeper makes it, and there is nothing to get wrong."""

    def decide(self, account: Account, occasion: Occasion) -> ReservationId:
        """Postpone and return the reservation's id."""
        reservation = account.reservations[self.reservation_id]
        age_s = (occasion.now - reservation.created_at).total_seconds()
        delay_s = min(max(age_s / AGE_PART, POSTPONED_MIN_S), POSTPONED_MAX_S)
        settlement.extend(account, reservation, occasion.now + timedelta(seconds=delay_s))
        return self.reservation_id
