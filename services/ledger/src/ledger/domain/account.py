"""The account: the one place where credits move.

Every method changes the account in memory and records what has to be written: entries for the journal,
facts to publish, lots and reservations that changed. Nothing here reads a clock or does I/O, so the same
commands in the same order always decide the same.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from ledger.domain.balance import Balance
from ledger.domain.entry import Entry, EntryKind, Links, Movement
from ledger.domain.errors import ChargeTooLarge, InsufficientCredits
from ledger.domain.facts import CreditsCharged, CreditsGranted, CreditsRefunded, CreditsReserved, Fact
from ledger.domain.lot import Category, Lot, in_spending_order
from ledger.domain.reservation import PinnedLine, Reservation, ReservationState

NewId = Callable[[str], str]


@dataclass
class Account:
    """One account's balance, with the lots that a command may touch: those with credits and the pinned."""

    account_id: str
    available: int = 0
    held: int = 0
    debt: int = 0
    sequence: int = 0
    lots: dict[str, Lot] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    changed_lots: dict[str, Lot] = field(default_factory=dict)
    changed_reservations: dict[str, Reservation] = field(default_factory=dict)

    def grant(self, lot: Lot, *, links: Links, now: datetime, new_id: NewId) -> None:
        """Add a lot of credits."""
        self.lots[lot.grant_id] = self.changed_lots[lot.grant_id] = lot
        self._post(
            EntryKind.GRANT,
            lot.category,
            Movement(world=-lot.amount, available=lot.amount),
            links=replace(links, grant_id=lot.grant_id, payment_id=lot.payment_id),
            now=now,
            new_id=new_id,
        )
        self.facts.append(
            CreditsGranted(
                account_id=self.account_id,
                grant_id=lot.grant_id,
                amount=lot.amount,
                category=lot.category,
                source=lot.source,
                payment_id=lot.payment_id,
                balance=self.balance(),
                occurred_at=now,
            )
        )

    def reserve(
        self, amount: int, *, reference: str, expires_at: datetime, links: Links, now: datetime, new_id: NewId
    ) -> Reservation:
        """Set credits aside in spending order, or raise InsufficientCredits with nothing changed."""
        spendable = in_spending_order(self.lots.values(), now)
        if (available := sum(lot.remaining for lot in spendable)) < amount:
            raise InsufficientCredits(available_credits=available, required_credits=amount)
        reservation = Reservation(
            reservation_id=new_id("res"),
            account_id=self.account_id,
            reference=reference,
            reserved=amount,
            lines=_pin(spendable, amount),
            expires_at=expires_at,
            created_at=now,
        )
        links = replace(links, reservation_id=reservation.reservation_id, reference=reference)
        for line in reservation.lines:
            lot = self._touch(line.grant_id)
            lot.remaining -= line.amount
            lot.held += line.amount
        for category, taken in self._by_category((line, line.amount) for line in reservation.lines):
            movement = Movement(available=-taken, held=taken)
            self._post(EntryKind.RESERVE, category, movement, links=links, now=now, new_id=new_id)
        self.changed_reservations[reservation.reservation_id] = reservation
        self.facts.append(
            CreditsReserved(
                account_id=self.account_id,
                reservation_id=reservation.reservation_id,
                reference=reference,
                amount=amount,
                expires_at=expires_at,
                balance=self.balance(),
                occurred_at=now,
            )
        )
        return reservation

    def charge(
        self, reservation: Reservation, amount: int, *, links: Links, now: datetime, new_id: NewId
    ) -> None:
        """Take up to the reserved amount in the pinned order and return the rest.

        A reservation that is settled already stays as it was settled: the first settlement counts.
        """
        if amount > reservation.reserved:
            raise ChargeTooLarge(f"{amount} credits were asked for and {reservation.reserved} are reserved")
        if reservation.state is not ReservationState.HELD:
            return
        left = amount
        for line in reservation.lines:
            line.charged = min(left, line.amount)
            line.returned = line.amount - line.charged
            left -= line.charged
            lot = self._touch(line.grant_id)
            lot.held -= line.amount
            lot.spent += line.charged
            lot.remaining += line.returned
        reservation.charged, reservation.refunded = amount, reservation.reserved - amount
        self._settle(reservation, ReservationState.CHARGED, now)
        links = replace(links, reservation_id=reservation.reservation_id, reference=reservation.reference)
        returned = dict(self._by_category((line, line.returned) for line in reservation.lines))
        for category, held in self._by_category((line, line.amount) for line in reservation.lines):
            back = returned.get(category, 0)
            movement = Movement(held=-held, revenue=held - back, available=back)
            self._post(EntryKind.CHARGE, category, movement, links=links, now=now, new_id=new_id)
        self._expire_returned(reservation, links=links, now=now, new_id=new_id)
        self.facts.append(
            CreditsCharged(
                account_id=self.account_id,
                reservation_id=reservation.reservation_id,
                reference=reservation.reference,
                charged=reservation.charged,
                refunded=reservation.refunded,
                balance=self.balance(),
                occurred_at=now,
            )
        )

    def refund(
        self,
        reservation: Reservation,
        *,
        even_if_charged: bool,
        links: Links,
        now: datetime,
        new_id: NewId,
    ) -> None:
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
            lot = self._touch(line.grant_id)
            lot.spent -= amount if was_charged else 0
            lot.held -= 0 if was_charged else amount
            lot.remaining += amount
            line.charged, line.returned = 0, line.amount
        reservation.charged, reservation.refunded = 0, reservation.reserved
        self._settle(reservation, ReservationState.REFUNDED, now)
        links = replace(links, reservation_id=reservation.reservation_id, reference=reservation.reference)
        for category, amount in self._by_category(lines):
            source = {"revenue": -amount} if was_charged else {"held": -amount}
            movement = Movement(available=amount, **source)
            self._post(EntryKind.REFUND, category, movement, links=links, now=now, new_id=new_id)
        self._expire_returned(reservation, links=links, now=now, new_id=new_id)
        self.facts.append(
            CreditsRefunded(
                account_id=self.account_id,
                reservation_id=reservation.reservation_id,
                reference=reservation.reference,
                refunded=given_back,
                reason=links.reason,
                balance=self.balance(),
                occurred_at=now,
            )
        )

    def extend(self, reservation: Reservation, expires_at: datetime) -> None:
        """Keep a held reservation for longer; a settled one stays as it is."""
        if reservation.state is ReservationState.HELD:
            reservation.expires_at = expires_at
            self.changed_reservations[reservation.reservation_id] = reservation

    def expire_lots(self, *, links: Links, now: datetime, new_id: NewId) -> int:
        """Book what is left of lots that expired; returns the credits. What is held stays good."""
        total = 0
        for lot in list(self.lots.values()):
            if lot.is_expired(now) and lot.remaining > 0:
                total += lot.remaining
                self._expire(lot, links=links, now=now, new_id=new_id)
        return total

    def balance(self) -> Balance:
        """Return the balance as it is shown."""
        by_category = dict.fromkeys(Category, 0)
        for lot in self.lots.values():
            by_category[lot.category] += lot.remaining
        expiries = [
            lot.expires_at for lot in self.lots.values() if lot.remaining > 0 and lot.expires_at is not None
        ]
        return Balance(
            account_id=self.account_id,
            available=self.available,
            held=self.held,
            debt=self.debt,
            subscription=by_category[Category.SUBSCRIPTION],
            promotional=by_category[Category.PROMOTIONAL],
            paid=by_category[Category.PAID],
            next_expiry=min(expiries, default=None),
            sequence=self.sequence,
        )

    def _settle(self, reservation: Reservation, state: ReservationState, now: datetime) -> None:
        reservation.state, reservation.settled_at = state, now
        self.changed_reservations[reservation.reservation_id] = reservation

    def _expire_returned(
        self, reservation: Reservation, *, links: Links, now: datetime, new_id: NewId
    ) -> None:
        """What comes back to a lot that expired meanwhile expires at once."""
        for line in reservation.lines:
            lot = self.lots[line.grant_id]
            if lot.is_expired(now) and lot.remaining > 0:
                self._expire(lot, links=links, now=now, new_id=new_id)

    def _expire(self, lot: Lot, *, links: Links, now: datetime, new_id: NewId) -> None:
        amount = lot.remaining
        self._touch(lot.grant_id)
        lot.remaining, lot.expired = 0, lot.expired + amount
        movement = Movement(available=-amount, breakage=amount)
        links = replace(links, grant_id=lot.grant_id)
        self._post(EntryKind.EXPIRE, lot.category, movement, links=links, now=now, new_id=new_id)

    def _touch(self, grant_id: str) -> Lot:
        lot = self.lots[grant_id]
        self.changed_lots[grant_id] = lot
        return lot

    def _by_category(self, lines: Iterable[tuple[PinnedLine, int]]) -> list[tuple[Category, int]]:
        totals: dict[Category, int] = {}
        for line, amount in lines:
            category = self.lots[line.grant_id].category
            totals[category] = totals.get(category, 0) + amount
        return list(totals.items())

    def _post(
        self,
        kind: EntryKind,
        category: Category,
        movement: Movement,
        *,
        links: Links,
        now: datetime,
        new_id: NewId,
    ) -> None:
        self.sequence += 1
        self.available += movement.available
        self.held += movement.held
        self.entries.append(
            Entry(
                entry_id=new_id("ent"),
                account_id=self.account_id,
                sequence=self.sequence,
                kind=kind,
                category=category,
                movement=movement,
                balance_after=self.available,
                held_after=self.held,
                links=links,
                created_at=now,
            )
        )


def _pin(lots: list[Lot], amount: int) -> list[PinnedLine]:
    lines: list[PinnedLine] = []
    left = amount
    for lot in lots:
        if left == 0:
            break
        taken = min(left, lot.remaining)
        lines.append(PinnedLine(grant_id=lot.grant_id, position=len(lines), amount=taken))
        left -= taken
    return lines
