"""Use case: give a reservation back."""

from dataclasses import dataclass

from ledger.application.bounds import require_short, require_text
from ledger.application.settlement import Settled, settle_once
from ledger.domain.account import Account
from ledger.domain.entry import Links
from ledger.domain.reservation import Reservation
from ledger.ports.clock import Clock
from ledger.ports.id_source import IdSource
from ledger.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class RefundReservation:
    """Give back a held reservation; a charged one only by a person's decision (`even_if_charged`)."""

    request_id: str
    reservation_id: str
    reason: str = ""
    even_if_charged: bool = False


class RefundReservationHandler:
    """Refunds once per request id; a reservation that is refunded already stays as it is."""

    def __init__(self, units: UnitsOfWork, clock: Clock, ids: IdSource) -> None:
        self._units = units
        self._clock = clock
        self._ids = ids

    async def handle(
        self, command: RefundReservation, *, event_id: str | None = None, account_id: str | None = None
    ) -> Settled | None:
        """Refund; None when the event was handled before.

        Raises ReservationNotFound, InvalidField, IdempotencyKeyReused; nothing changes then.
        """
        require_text("request_id", command.request_id)
        require_text("reservation_id", command.reservation_id)
        require_short("reason", command.reason, longest=1000)
        now = self._clock.now()

        def settle(account: Account, reservation: Reservation) -> None:
            links = Links(
                transaction_id=self._ids.new("txn"), request_id=command.request_id, reason=command.reason
            )
            account.refund(
                reservation,
                even_if_charged=command.even_if_charged,
                links=links,
                now=now,
                new_id=self._ids.new,
            )

        return await settle_once(
            self._units,
            request_id=command.request_id,
            command=command,
            reservation_id=command.reservation_id,
            account_id=account_id,
            event_id=event_id,
            now=now,
            settle=settle,
        )
