"""A line of the account's history."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import (
    Answer,
    Credits,
    GenerationId,
    Moment,
    PaymentId,
    ReservationId,
    Sequence,
    shown,
)
from gateway.adapters.inbound.rest.answers.page import Page
from gateway.domain import credits as domain


class Entry(Answer):
    """A line of the account's history."""

    id: Annotated[str, shown("ent_019324a1b2c37def8a9b0c1d2e3f4a5f")]
    """The entry's id."""
    sequence: Sequence
    """Counts an account's entries from 1, without a gap."""
    kind: domain.EntryKind
    """What the entry records."""
    amount: Annotated[int, shown(-5)]
    """The change of the available credits, with its sign."""
    category: domain.Category | None
    """What the credits are; null where an entry moves several sorts."""
    balance_after: Annotated[Credits, shown(985)]
    """Available credits after the entry."""
    held_after: Annotated[Credits, shown(15)]
    """Held credits after the entry."""
    settled: Annotated[int, shown(0)]
    """Credits that left the held ones for good."""
    reservation_id: ReservationId | None
    generation_id: GenerationId | None
    """The generation that the credits were for."""
    payment_id: PaymentId | None
    """The payment that brought the credits or took them back."""
    reason: Annotated[str | None, shown(None, "goodwill")]
    """Why, where a person or a rule decided."""
    created_at: Moment

    @classmethod
    def of(cls, entry: domain.Entry) -> Self:
        """Show an entry."""
        return cls(
            id=entry.entry_id,
            sequence=entry.sequence,
            kind=entry.kind,
            amount=entry.amount,
            category=entry.category,
            balance_after=entry.balance_after,
            held_after=entry.held_after,
            settled=entry.settled,
            reservation_id=entry.reservation_id,
            generation_id=entry.generation_id,
            payment_id=entry.payment_id,
            reason=entry.reason,
            created_at=entry.created_at,
        )


class EntryPage(Page[Entry]):
    """Some entries, and where the next part begins."""
