"""The ledger in memory: one pot an account, every movement an entry."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.domain.credits import (
    Balance,
    Category,
    Entry,
    EntryFilter,
    EntryKind,
    Lot,
    OpenLots,
    PinnedLot,
    Reservation,
    ReservationState,
    payment_of,
)
from gateway.domain.errors import FieldProblem, InsufficientCredits, InvalidRequest
from gateway.domain.identifiers import (
    AccountId,
    EntryId,
    GenerationId,
    GrantId,
    PaymentId,
    RequestId,
    ReservationId,
    TransactionId,
)
from gateway.domain.page import Page
from gateway.domain.statement import StatementClosing, StatementLine, StatementOpening, StatementPart
from gateway.ports.clock import Clock


@dataclass
class MemoryLedger:
    """Implements Ledger; `grant`, `reserve` and `settle` are what the other services would ask of it."""

    clock: Clock
    welcomes_with_credits: int = 1_000
    journal: dict[str, list[Entry]] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    lots: dict[str, list[PinnedLot]] = field(default_factory=dict)
    corrected: dict[tuple[str, str], tuple[str, int, str]] = field(default_factory=dict)

    async def balance(self, account_id: AccountId) -> Balance:
        """See Ledger."""
        lines = self.journal.get(account_id, [])
        available = lines[-1].balance_after if lines else 0
        held = lines[-1].held_after if lines else 0
        return Balance(
            available=available,
            held=held,
            debt=0,
            by_category={Category.PROMOTIONAL: available} if available else {},
            next_expiry=None,
            sequence=len(lines),
            welcome_credits=self.welcomes_with_credits,
        )

    async def welcome_credits(self) -> int:
        """See Ledger."""
        return self.welcomes_with_credits

    async def entries(
        self, account_id: AccountId, which: EntryFilter, *, cursor: str | None, limit: int
    ) -> Page[Entry]:
        """See Ledger."""
        before = _before(cursor)
        fitting = [
            line
            for line in reversed(self.journal.get(account_id, []))
            if line.sequence < before
            and (not which.kinds or line.kind in which.kinds)
            and (which.since is None or line.created_at >= which.since)
            and (which.until is None or line.created_at < which.until)
        ]
        items = fitting[:limit]
        more = len(fitting) > limit
        return Page(items=items, next_cursor=f"seq{items[-1].sequence}" if more else None)

    async def statement(
        self, account_id: AccountId, since: datetime | None, until: datetime | None
    ) -> AsyncIterator[StatementPart]:
        """See Ledger. Nothing is ever sealed here."""
        if since and until and since > until:
            raise InvalidRequest("That range ends first.", fields=[FieldProblem("from", "is after to")])
        journal = self.journal.get(account_id, [])
        before = [line for line in journal if since and line.created_at < since]
        within = [line for line in journal[len(before) :] if until is None or line.created_at < until]
        yield StatementOpening(
            account_id=account_id, since=since, until=until, hash="" if before else "0" * 64, **_ends(before)
        )
        held = before[-1].held_after if before else 0
        for line in within:
            yield _statement_line(account_id, line, held=line.held_after - held)
            held = line.held_after
        yield StatementClosing(
            hash="" if before else "0" * 64,
            lines=len(within),
            unsealed=len(within),
            **_ends(before + within),
        )

    async def reservation(self, account_id: AccountId, generation_id: GenerationId) -> Reservation | None:
        """See Ledger."""
        found = self.reservations.get(generation_id)
        return found if found is not None and found.account_id == account_id else None

    async def reservation_lots(
        self, account_id: AccountId, reservation_id: ReservationId
    ) -> Sequence[PinnedLot]:
        """See Ledger."""
        own = any(
            held.reservation_id == reservation_id and held.account_id == account_id
            for held in self.reservations.values()
        )
        return self.lots.get(reservation_id, []) if own else []

    async def open_lots(self, account_id: AccountId) -> OpenLots:
        """See Ledger: the pot is one."""
        journal = self.journal.get(account_id, [])
        if not journal or not journal[-1].balance_after:
            return OpenLots(lots=[])
        first, last = journal[0], journal[-1]
        pot = Lot(
            grant_id=GrantId(f"grt_{first.entry_id.removeprefix('ent_')}"),
            category=Category.PROMOTIONAL,
            amount=sum(line.amount for line in journal if line.kind is EntryKind.GRANT),
            remaining=last.balance_after,
            held=last.held_after,
            source="welcome",
            granted_at=first.created_at,
            effective_at=first.created_at,
            expires_at=None,
        )
        return OpenLots(lots=[pot])

    def grant(self, account_id: AccountId, amount_credits: int, *, source: str = "welcome") -> None:
        """Add credits."""
        self.write(account_id, EntryKind.GRANT, amount_credits, held=0, payment_id=payment_of(source))

    def reserve(self, account_id: AccountId, amount_credits: int, generation_id: GenerationId) -> Reservation:
        """Set credits aside. Raises InsufficientCredits."""
        lines = self.journal.get(account_id, [])
        available = lines[-1].balance_after if lines else 0
        if available < amount_credits:
            raise InsufficientCredits(
                f"{amount_credits} credits are needed and {available} are available",
                balance_credits=available,
                required_credits=amount_credits,
                generation_id=generation_id,
            )
        now = self.clock.now()
        reservation = Reservation(
            reservation_id=ReservationId(f"res_{secrets.token_hex(16)}"),
            account_id=account_id,
            state=ReservationState.HELD,
            reserved=amount_credits,
            charged=0,
            refunded=0,
            expires_at=now + timedelta(hours=1),
            created_at=now,
            settled_at=None,
        )
        self.reservations[generation_id] = reservation
        self.lots[reservation.reservation_id] = [
            PinnedLot(
                grant_id=GrantId(f"grt_{secrets.token_hex(16)}"),
                category=Category.PAID,
                amount=amount_credits,
                source="payment:pi_memory",
                granted_at=now,
            )
        ]
        self.write(
            account_id,
            EntryKind.RESERVE,
            -amount_credits,
            held=amount_credits,
            generation_id=generation_id,
        )
        return reservation

    def settle(self, generation_id: GenerationId, *, charged_credits: int) -> None:
        """Take some of what is held and give the rest back."""
        held = self.reservations[generation_id]
        refunded = held.reserved - charged_credits
        state = ReservationState.CHARGED if charged_credits else ReservationState.REFUNDED
        self.reservations[generation_id] = replace(
            held, state=state, charged=charged_credits, refunded=refunded, settled_at=self.clock.now()
        )
        kind = EntryKind.CHARGE if charged_credits else EntryKind.REFUND
        self.write(
            held.account_id,
            kind,
            refunded,
            held=-held.reserved,
            generation_id=generation_id,
            settled=charged_credits,
        )

    def write(
        self,
        account_id: AccountId,
        kind: EntryKind,
        amount: int,
        *,
        held: int,
        generation_id: GenerationId | None = None,
        payment_id: PaymentId | None = None,
        settled: int = 0,
        reason: str | None = None,
    ) -> None:
        """Add a line to the journal."""
        lines = self.journal.setdefault(account_id, [])
        last = lines[-1] if lines else None
        lines.append(
            Entry(
                entry_id=EntryId(f"ent_{secrets.token_hex(16)}"),
                sequence=len(lines) + 1,
                kind=kind,
                amount=amount,
                category=Category.PROMOTIONAL,
                balance_after=(last.balance_after if last else 0) + amount,
                held_after=(last.held_after if last else 0) + held,
                settled=settled,
                reservation_id=None,
                generation_id=generation_id,
                payment_id=payment_id,
                reason=reason,
                created_at=self.clock.now(),
            )
        )


def _ends(lines: Sequence[Entry]) -> dict[str, int]:
    last = lines[-1] if lines else None
    return {
        "available": last.balance_after if last else 0,
        "held": last.held_after if last else 0,
        "debt": 0,
        "sequence": len(lines),
    }


def _statement_line(account_id: AccountId, line: Entry, *, held: int) -> StatementLine:
    return StatementLine(
        account_id=account_id,
        entry_id=line.entry_id,
        transaction_id=TransactionId(f"txn_{line.sequence}"),
        sequence=line.sequence,
        kind=line.kind.value,
        category=line.category.value if line.category else "",
        available=line.amount,
        held=held,
        world=-line.amount - held - line.settled,
        revenue=line.settled,
        breakage=0,
        debt=0,
        adjustment=0,
        balance_after=line.balance_after,
        held_after=line.held_after,
        request_id=RequestId(""),
        grant_id=GrantId(""),
        reservation_id=ReservationId(line.reservation_id or ""),
        reference=line.generation_id or "",
        payment_id=PaymentId(line.payment_id or ""),
        actor="",
        reason=line.reason or "",
        metadata={},
        created_at=line.created_at,
        hash="",
    )


def _before(cursor: str | None) -> int:
    if cursor is None:
        return 2**62
    number = cursor.removeprefix("seq")
    if not number.isascii() or not number.isdigit():
        raise InvalidRequest("That is no cursor.", fields=[FieldProblem("cursor", "is no cursor")])
    return int(number)
