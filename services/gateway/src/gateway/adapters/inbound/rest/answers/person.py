"""Somebody's account, as people with a role see it."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import (
    Answer,
    Credits,
    GenerationId,
    ModelId,
    Moment,
    shown,
)
from gateway.adapters.inbound.rest.answers.api_key import ApiKey
from gateway.adapters.inbound.rest.answers.balance import Balance
from gateway.adapters.inbound.rest.answers.entry import Entry
from gateway.adapters.inbound.rest.answers.generation import GenerationError
from gateway.adapters.inbound.rest.answers.own_session import OwnSession
from gateway.adapters.inbound.rest.answers.page import Page
from gateway.adapters.inbound.rest.answers.plan import Subscription
from gateway.adapters.inbound.rest.answers.purchase import Purchase
from gateway.adapters.inbound.rest.answers.user import User
from gateway.application.read_person import PersonDetails as Details
from gateway.domain import administration as domain
from gateway.domain import credits as money
from gateway.domain import generation as jobs


class Person(User):
    """Somebody's account, as people with a role see it."""

    disabled_at: Moment | None
    """Since when nobody can use the account; null while it is open."""

    @classmethod
    def seen(cls, person: domain.Person) -> Self:
        """Show a person."""
        return cls(**User.of(person.user).model_dump(), disabled_at=person.disabled_at)


class PersonPage(Page[Person]):
    """Some people, and where the next part begins."""


class PersonGeneration(Answer):
    """A job of somebody's, without what was asked for and what came out: that is theirs alone."""

    id: GenerationId
    model: ModelId
    status: jobs.GenerationStatus
    """Succeeded, failed, cancelled and rejected are final."""
    credits_reserved: Credits
    """Set aside when it began."""
    credits_charged: Annotated[Credits, shown(0)]
    """Kept for what came out."""
    error: GenerationError | None
    """Why nothing came out."""
    created_at: Moment

    @classmethod
    def of(cls, job: jobs.Generation) -> Self:
        """Show a job."""
        error = job.failure
        return cls(
            id=job.generation_id,
            model=job.model_id,
            status=job.status,
            credits_reserved=job.credits_reserved,
            credits_charged=job.credits_charged,
            error=GenerationError(reason=error.reason, detail=error.detail) if error else None,
            created_at=job.created_at,
        )


class OpenLot(Answer):
    """Credits that were granted together, and what is left of them."""

    grant_id: Annotated[str, shown("grt_019324a1b2c37def8a9b0c1d2e3f4a62")]
    """The grant that it is."""
    category: money.Category | None
    """Null for one that is newer than this gateway."""
    amount: Credits
    """As granted."""
    remaining: Credits
    """What can be spent of it, at once or once it is effective."""
    held: Credits
    """Set aside for generations that have not ended."""
    source: Annotated[str, shown("payment:pi_3QabcdEXAMPLE")]
    """Where the credits came from."""
    granted_at: Moment
    effective_at: Moment
    """From when on they can be spent."""
    expires_at: Moment | None
    """Null for what never expires."""

    @classmethod
    def of(cls, lot: money.Lot) -> Self:
        """Show a lot."""
        return cls(
            grant_id=lot.grant_id,
            category=lot.category,
            amount=lot.amount,
            remaining=lot.remaining,
            held=lot.held,
            source=lot.source,
            granted_at=lot.granted_at,
            effective_at=lot.effective_at,
            expires_at=lot.expires_at,
        )


class PersonGenerationPage(Page[PersonGeneration]):
    """Some of somebody's jobs, and where the next part begins."""


class PersonDetails(Answer):
    """One person's account over all services, of each list the newest twenty."""

    user: Person
    balance: Balance
    lots: list[OpenLot]
    """What the credits came from, in the order in which they are spent; the first hundred."""
    further_lots: Annotated[int, shown(0)]
    """How many more there are."""
    subscription: Subscription | None
    """Null for somebody who has no plan."""
    api_keys: list[ApiKey]
    """Without their texts, which nobody keeps."""
    sessions: list[OwnSession]
    """Where they are signed in."""
    entries: list[Entry]
    """The statement, newest first."""
    generations: list[PersonGeneration]
    """Jobs, newest first."""
    purchases: list[Purchase]
    """Payments, newest first."""

    @classmethod
    def of(cls, details: Details) -> Self:
        """Show it all."""
        plan = details.subscription
        return cls(
            user=Person.seen(details.person),
            balance=Balance.of(details.balance),
            lots=[OpenLot.of(lot) for lot in details.lots.lots],
            further_lots=details.lots.further,
            subscription=Subscription.of(plan) if plan else None,
            api_keys=[ApiKey.of(key) for key in details.api_keys],
            sessions=[OwnSession.of(session, current=None) for session in details.sessions],
            entries=[Entry.of(entry) for entry in details.entries],
            generations=[PersonGeneration.of(job) for job in details.generations],
            purchases=[Purchase.of(purchase) for purchase in details.purchases],
        )
