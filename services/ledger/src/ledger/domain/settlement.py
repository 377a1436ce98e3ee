"""Settlement: a reservation is charged or refunded once. Whoever comes second gets the first outcome."""

from datetime import datetime

from ledger.domain.account import Account
from ledger.domain.debt import pay_debt
from ledger.domain.entry import EntryKind, Movement
from ledger.domain.errors import ChargeTooLarge
from ledger.domain.expiry import expire_lot, tell_expired
from ledger.domain.facts import CreditsCharged, CreditsRefunded
from ledger.domain.occasion import Occasion
from ledger.domain.reservation import Reservation, ReservationState


def charge(account: Account, reservation: Reservation, amount: int, occasion: Occasion) -> None:
    """Take up to the reserved amount in the pinned order and return the rest.

    A reservation that is settled already stays as it was settled: a success that is told after the
    reservation was given back charges nothing. Raises ChargeTooLarge, with nothing changed.
    """
    if amount > reservation.reserved:
        raise ChargeTooLarge(f"{amount} credits were asked for and {reservation.reserved} are reserved")
    if reservation.state is not ReservationState.HELD:
        return
    reservation = reservation.charge(amount, occasion.written_at)
    account.put(reservation)
    lines, returned = reservation.lines, reservation.refunded
    for line in lines:
        account.put(account.lots[line.grant_id].charge(line.amount, line.charged))
    taken = account.by_category([(line, line.charged) for line in lines])
    for category, held in account.by_category([(line, line.amount) for line in lines]).items():
        account.post(
            EntryKind.CHARGE,
            category,
            Movement(available=held - taken[category], held=-held, revenue=taken[category]),
            occasion,
            reservation_id=reservation.reservation_id,
            reference=reservation.reference,
        )
    account.facts.append(
        CreditsCharged(
            account_id=account.account_id,
            reservation_id=reservation.reservation_id,
            reference=reservation.reference,
            charged=amount,
            refunded=returned,
            balance=account.balance(occasion.now),
            occurred_at=occasion.written_at,
        )
    )
    if returned:
        _after_return(account, reservation, returned, occasion)


def refund(account: Account, reservation: Reservation, *, even_if_charged: bool, occasion: Occasion) -> None:
    """Give a held reservation back, or, by a person's decision, a charged one.

    A reservation that was refunded stays refunded once; a charged one stays charged unless
    `even_if_charged`: a failure that is told after the success changes nothing.
    """
    was_charged = reservation.state is ReservationState.CHARGED
    if reservation.state is ReservationState.REFUNDED or (was_charged and not even_if_charged):
        return
    given_back = reservation.charged if was_charged else reservation.reserved
    lines = [(line, line.charged if was_charged else line.amount) for line in reservation.lines]
    for line, amount in lines:
        lot = account.lots[line.grant_id]
        account.put(lot.refund(amount) if was_charged else lot.release(amount))
    account.put(reservation.refund(occasion.written_at))
    for category, amount in account.by_category(lines).items():
        account.post(
            EntryKind.REFUND,
            category,
            Movement(available=amount, revenue=-amount)
            if was_charged
            else Movement(available=amount, held=-amount),
            occasion,
            reservation_id=reservation.reservation_id,
            reference=reservation.reference,
        )
    account.facts.append(
        CreditsRefunded(
            account_id=account.account_id,
            reservation_id=reservation.reservation_id,
            reference=reservation.reference,
            refunded=given_back,
            reason=occasion.reason,
            balance=account.balance(occasion.now),
            occurred_at=occasion.written_at,
        )
    )
    _after_return(account, reservation, given_back, occasion)


def extend(account: Account, reservation: Reservation, expires_at: datetime) -> None:
    """Keep a held reservation for longer, never for less; a settled one stays as it is."""
    if reservation.state is ReservationState.HELD and expires_at > reservation.expires_at:
        account.put(reservation.extend(expires_at))


def _after_return(account: Account, reservation: Reservation, returned: int, occasion: Occasion) -> None:
    """Expire at once what came back to a lot that expired meanwhile; then pay a debt."""
    for key in reservation.budgets:
        account.put(account.budget(key).give_back(returned))
    gone = 0
    for line in reservation.lines:
        lot = account.lots[line.grant_id]
        if lot.is_expired(occasion.now):
            gone += expire_lot(account, lot, occasion)
    tell_expired(account, gone, occasion)
    pay_debt(account, occasion)
