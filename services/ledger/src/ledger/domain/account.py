"""The account: one account's balances, and what a transaction changes about it.

Nothing here reads a clock or does I/O: the same commands in the same order always decide the same. The
rules are in the modules beside it (`grants`, `holds`, `settlement`, `money_back`, `correction`, `expiry`);
each takes a value (a lot, a reservation, a clawback, a budget), moves it, puts it back with `put`, and posts
what was moved to the journal with `post`. Nothing else changes an account.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ledger.domain.balance import Balance
from ledger.domain.budget import Budget, BudgetKey
from ledger.domain.clawback import Clawback
from ledger.domain.entry import Entry, EntryKind, Movement
from ledger.domain.facts import Fact
from ledger.domain.identifiers import AccountId, GrantId, PaymentId, ReservationId
from ledger.domain.lot import Category, Lot
from ledger.domain.occasion import Occasion
from ledger.domain.reservation import PinnedLine, Reservation

BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Account:
    """One account with the lots that its commands may touch: those with credits, and the pinned.

    `available` is the journal's book: credits that are not effective yet, or that expired and are not booked
    yet, are in it; `balance` says what may be spent. `entries` and `facts` are what the transaction adds;
    the `new_*` and `changed_*` hold what it writes.
    """

    account_id: AccountId
    available: int = 0
    held: int = 0
    debt: int = 0
    sequence: int = 0
    updated_at: datetime = BEGINNING
    lots: dict[GrantId, Lot] = field(default_factory=dict)
    reservations: dict[ReservationId, Reservation] = field(default_factory=dict)
    clawbacks: dict[PaymentId, Clawback] = field(default_factory=dict)
    budgets: dict[BudgetKey, Budget] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    new_lots: dict[GrantId, Lot] = field(default_factory=dict)
    changed_lots: dict[GrantId, Lot] = field(default_factory=dict)
    new_reservations: dict[ReservationId, Reservation] = field(default_factory=dict)
    changed_reservations: dict[ReservationId, Reservation] = field(default_factory=dict)
    changed_clawbacks: dict[PaymentId, Clawback] = field(default_factory=dict)
    changed_budgets: dict[BudgetKey, Budget] = field(default_factory=dict)
    _shown: Balance | None = None
    _shown_at: datetime = BEGINNING

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(
            self.entries
            or self.changed_reservations
            or self.changed_clawbacks
            or self.changed_lots
            or self.facts
        )

    def balance(self, now: datetime) -> Balance:
        """Return the balance as it is shown: what may be spent now, and apart from it what may be later.

        Credits that expired are neither, whether the sweep has booked them or not.
        """
        if self._shown is not None and (self._shown.sequence, self._shown_at) == (self.sequence, now):
            return self._shown
        available = upcoming = 0
        by_category: dict[Category, int] = {}
        next_expiry: datetime | None = None
        next_effective: datetime | None = None
        for lot in self.lots.values():
            # Most lots are effective and many never expire: this runs for every command, so it asks first,
            # and looks up once.
            remaining, effective_at, expires_at = lot.remaining, lot.effective_at, lot.expires_at
            if remaining == 0 or (expires_at is not None and lot.is_expired(now)):
                continue
            if effective_at > now and not lot.is_effective(now):
                upcoming += remaining
                if next_effective is None or effective_at < next_effective:
                    next_effective = effective_at
                continue
            category = lot.category
            by_category[category] = by_category.get(category, 0) + remaining
            available += remaining
            if expires_at is not None and (next_expiry is None or expires_at < next_expiry):
                next_expiry = expires_at
        self._shown = Balance(
            self.account_id,
            available,
            self.held,
            self.debt,
            by_category,
            next_expiry,
            self.sequence,
            upcoming,
            next_effective,
        )
        self._shown_at = now
        return self._shown

    def effective(self, now: datetime) -> int:
        """Return what is in the book and effective: what expires leaves it when that is booked, once."""
        lots = self.lots.values()
        return self.available - sum(
            [lot.remaining for lot in lots if lot.effective_at > now and not lot.is_effective(now)]
        )

    def put(self, value: Lot | Reservation | Clawback | Budget) -> None:
        """Keep a value as it is now: a new one, or one that changed. Nothing of it changes otherwise."""
        if isinstance(value, Lot):
            lot_id = value.grant_id
            is_new = lot_id in self.new_lots or lot_id not in self.lots
            self.lots[lot_id] = (self.new_lots if is_new else self.changed_lots)[lot_id] = value
        elif isinstance(value, Reservation):
            key = value.reservation_id
            is_new = key in self.new_reservations or key not in self.reservations
            self.reservations[key] = value
            (self.new_reservations if is_new else self.changed_reservations)[key] = value
        elif isinstance(value, Clawback):
            self.clawbacks[value.payment_id] = self.changed_clawbacks[value.payment_id] = value
        else:
            self.budgets[value.key] = self.changed_budgets[value.key] = value

    def clawback(self, payment_id: PaymentId) -> Clawback:
        """Return a payment's clawback, a fresh one when there was none."""
        if (told := self.clawbacks.get(payment_id)) is not None:
            return told
        granted = sum(lot.amount for lot in self.lots.values() if lot.payment_id == payment_id)
        return Clawback(payment_id, self.account_id, granted)

    def budget(self, key: BudgetKey) -> Budget:
        """Return what is used of a budget."""
        return self.budgets.get(key) or Budget(key)

    def by_category(self, lines: Iterable[tuple[PinnedLine, int]]) -> dict[Category, int]:
        """Sum amounts by the category of the lot that each line is pinned to."""
        totals: dict[Category, int] = {}
        for line, amount in lines:
            category = self.lots[line.grant_id].category
            totals[category] = totals.get(category, 0) + amount
        return totals

    def post(
        self,
        kind: EntryKind,
        category: Category,
        movement: Movement,
        occasion: Occasion,
        *,
        grant_id: GrantId | None = None,
        payment_id: PaymentId | None = None,
        reservation_id: ReservationId | None = None,
        reference: str | None = None,
    ) -> None:
        """Write one movement to the journal. Raises ValueError for one that makes or loses credits."""
        if (total := sum(movement)) != 0:
            raise ValueError(f"a movement must sum to zero, not {total}")
        self.sequence += 1
        self.available += movement.available
        self.held += movement.held
        self.debt -= movement.debt
        self.updated_at = occasion.written_at
        self.entries.append(
            Entry(
                occasion.new_id("ent"),
                occasion.transaction_id,
                self.account_id,
                self.sequence,
                kind,
                category,
                movement,
                self.available,
                self.held,
                occasion.request_id,
                grant_id,
                reservation_id,
                reference,
                payment_id,
                occasion.actor,
                occasion.reason,
                occasion.written_at,
                occasion.metadata,
            )
        )
