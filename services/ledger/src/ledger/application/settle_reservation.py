"""What charging, refunding and extending share: they are about one reservation, and find its account."""

from dataclasses import dataclass
from datetime import datetime

from ledger.application.bounds import require_text
from ledger.application.command import Command, Outcome
from ledger.domain.account import Account
from ledger.domain.identifiers import AccountId, MadeId, ReservationId
from ledger.ports.unit_of_work import Needs, WorkingSet


@dataclass(kw_only=True, slots=True)
class SettleReservation(Command):
    """A command about one reservation.

    `expected_account_id` guards against an event about somebody else's reservation. It is no part of
    what is asked: the sweeper and the job's own event ask the same.
    """

    asked = (*Command.asked, "reservation_id")

    reservation_id: ReservationId
    expected_account_id: AccountId | None = None

    def validate(self) -> None:
        """Raise InvalidField for a value that is out of its bounds."""
        Command.validate(self)
        require_text("reservation_id", self.reservation_id)

    def tell_needs(self, needs: Needs, now: datetime) -> None:
        """Add the reservation, which brings its account and its lots."""
        needs.reservations.add(self.reservation_id)

    def account(self, found: WorkingSet) -> Account:
        """Return the account that holds it. Raises ReservationNotFound."""
        return found.holder(self.reservation_id, self.expected_account_id)

    def outcome(self, account: Account, made_id: MadeId, *, now: datetime, replayed: bool) -> Outcome:
        """Return the reservation as it stands."""
        return Outcome.of_reservation(account, self.reservation_id, now=now, replayed=replayed)
