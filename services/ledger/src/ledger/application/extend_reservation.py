"""Use case: keep a reservation for longer."""

from dataclasses import dataclass
from datetime import timedelta

from ledger.application.bounds import TTL_MAX_S, TTL_MIN_S, require_between
from ledger.application.settle_reservation import SettleReservation
from ledger.domain import settlement
from ledger.domain.account import Account
from ledger.domain.identifiers import ReservationId
from ledger.domain.occasion import Occasion


@dataclass(kw_only=True, slots=True)
class ExtendReservation(SettleReservation):
    """Let a held reservation expire `ttl_s` seconds from now, or later if it would anyway."""

    kind = "extend"
    asked = (*SettleReservation.asked, "ttl_s")

    ttl_s: int

    def validate(self) -> None:
        """Raise InvalidField for a value that is out of its bounds."""
        SettleReservation.validate(self)
        require_between("ttl_s", self.ttl_s, TTL_MIN_S, TTL_MAX_S)

    def decide(self, account: Account, occasion: Occasion) -> ReservationId:
        """Extend and return the reservation's id."""
        expires_at = occasion.now + timedelta(seconds=self.ttl_s)
        settlement.extend(account, account.reservations[self.reservation_id], expires_at)
        return self.reservation_id
