"""What charging and refunding share: find the reservation, lock its account, decide once, commit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.application.once import once
from ledger.domain.account import Account
from ledger.domain.balance import Balance
from ledger.domain.errors import ReservationNotFound
from ledger.domain.reservation import Reservation
from ledger.ports.unit_of_work import UnitOfWork, UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The reservation as it stands, and the balance now."""

    reservation: Reservation
    balance: Balance
    replayed: bool


Settle = Callable[[Account, Reservation], None]


async def settle_once(
    units: UnitsOfWork,
    *,
    request_id: str,
    command: Any,
    reservation_id: str,
    account_id: str | None,
    event_id: str | None,
    now: datetime,
    settle: Settle,
) -> Settled | None:
    """Run one settlement; None when its event was handled before.

    Raises ReservationNotFound for an unknown reservation and for one of another account than
    `account_id`: an event about somebody else's reservation settles nothing.
    """
    async with units.begin() as unit:
        if event_id and not await unit.first_time(event_id):
            return None
        account, reservation = await _locked(unit, reservation_id, account_id)

        def decide() -> str:
            settle(account, reservation)
            return reservation.reservation_id

        outcome = await once(
            unit, request_id=request_id, command=command, account=account, now=now, decide=decide
        )
        await unit.commit(account)
    return Settled(reservation=reservation, balance=account.balance(), replayed=outcome.replayed)


async def _locked(
    unit: UnitOfWork, reservation_id: str, account_id: str | None
) -> tuple[Account, Reservation]:
    owner = await unit.account_of(reservation_id)
    if owner is not None and account_id in (None, owner):
        account = await unit.lock_account(owner)
        if (reservation := await unit.reservation(account, reservation_id)) is not None:
            return account, reservation
    raise ReservationNotFound(f"no reservation {reservation_id}")
