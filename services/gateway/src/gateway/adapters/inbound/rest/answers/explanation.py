"""Where a generation's credits came from and went."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import (
    Answer,
    Credits,
    Moment,
    PaymentId,
    ReservationId,
    shown,
)
from gateway.adapters.inbound.rest.answers.generation import Generation
from gateway.adapters.inbound.rest.answers.output import Output
from gateway.application import explain_generation as application
from gateway.domain import credits as domain
from gateway.domain.generation import Attempt as DomainAttempt


class Reservation(Answer):
    """Credits set aside for the generation."""

    id: ReservationId
    state: domain.ReservationState
    """Held until the generation ends, then charged or refunded."""
    reserved: Credits
    created_at: Moment
    expires_at: Moment
    """When the credits return if nothing is heard of the generation."""

    @classmethod
    def of(cls, reservation: domain.Reservation) -> Self:
        """Show a reservation."""
        return cls(
            id=reservation.reservation_id,
            state=reservation.state,
            reserved=reservation.reserved,
            created_at=reservation.created_at,
            expires_at=reservation.expires_at,
        )


class Settlement(Answer):
    """How the reservation ended."""

    state: domain.ReservationState
    charged: Credits
    """Kept for what came out."""
    refunded: Annotated[Credits, shown(0)]
    """Returned."""
    settled_at: Moment

    @classmethod
    def of(cls, reservation: domain.Reservation | None) -> Self | None:
        """Show how it ended; None while it is held, or when nothing was."""
        if reservation is None or reservation.settled_at is None:
            return None
        return cls(
            state=reservation.state,
            charged=reservation.charged,
            refunded=reservation.refunded,
            settled_at=reservation.settled_at,
        )


class Attempt(Answer):
    """A try with a provider."""

    id: Annotated[str, shown("att_019324a1b2c37def8a9b0c1d2e3f4a61")]
    """The attempt's id."""
    provider: Annotated[str, shown("local")]
    """Who was asked."""
    outcome: Annotated[str, shown("succeeded", "running", "failed", "cancelled", "lost")]
    """How it ended, or that it runs; further words may be added."""
    detail: Annotated[str, shown("")]
    """For people; empty where there is nothing to say."""
    started_at: Moment | None
    finished_at: Moment | None

    @classmethod
    def of(cls, attempt: DomainAttempt) -> Self:
        """Show an attempt."""
        return cls(
            id=attempt.attempt_id,
            provider=attempt.provider,
            outcome=attempt.outcome,
            detail=attempt.detail,
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
        )


class Lot(Answer):
    """Credits of one grant that the reservation drew from."""

    grant_id: Annotated[str, shown("grt_019324a1b2c37def8a9b0c1d2e3f4a62")]
    """The grant that the lot came from."""
    category: domain.Category
    amount: Credits
    """What was drawn from it."""
    source: Annotated[str, shown("payment:pi_3QabcdEXAMPLE")]
    """Where the credits came from."""
    payment_id: PaymentId | None
    """The payment that paid for them, if one did."""
    granted_at: Moment

    @classmethod
    def of(cls, lot: domain.PinnedLot) -> Self:
        """Show a lot."""
        return cls(
            grant_id=lot.grant_id,
            category=lot.category,
            amount=lot.amount,
            source=lot.source,
            payment_id=lot.payment_id,
            granted_at=lot.granted_at,
        )


class Explanation(Answer):
    """Where a generation's credits came from and went."""

    generation: Generation
    reservation: Reservation | None
    """Null when nothing was reserved."""
    attempts: list[Attempt]
    """Oldest first."""
    outputs: list[Output]
    settlement: Settlement | None
    """Null while the credits are held."""
    lots: list[Lot]

    @classmethod
    def of(cls, explanation: application.Explanation) -> Self:
        """Show an explanation."""
        generation, reservation = explanation.generation, explanation.reservation
        return cls(
            generation=Generation.of(generation),
            reservation=Reservation.of(reservation) if reservation else None,
            attempts=[Attempt.of(attempt) for attempt in generation.attempts],
            outputs=[Output.of(output) for output in generation.outputs],
            settlement=Settlement.of(reservation),
            lots=[Lot.of(lot) for lot in explanation.lots],
        )
