"""An event that a service gave up."""

from typing import Annotated, Self

from pydantic import Field

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.adapters.inbound.rest.answers.page import Page
from gateway.domain import dead_letter as domain


class DeadLetter(Answer):
    """One event that had no effect at one service. Of its payload only ids are told."""

    id: Annotated[str, shown("ledger:evt_019324a1b2c37def8a9b0c1d2e3f4a68")]
    """The service and the event's id."""
    service: Annotated[str, shown("ledger", "billing")]
    """Who gave it up."""
    event_type: Annotated[str, shown("tintype.billing.v1.PaymentCompleted")]
    """What it tells."""
    subject: Annotated[
        str, shown("tintype.billing.v1.payment_completed.usr_019324a1b2c37def8a9b0c1d2e3f4a5e")
    ]
    """Under which it was told."""
    user_id: Annotated[str, shown("usr_019324a1b2c37def8a9b0c1d2e3f4a5e")]
    """Whom it is about."""
    ids: Annotated[dict[str, str], shown({"payment_id": "pi_1"})]
    """What its payload names, by field; empty where it can't be read."""
    tries: Annotated[int, shown(20)]
    """How often it was delivered before it was given up."""
    replays: Annotated[int, shown(0)]
    """How often it was applied again since, in vain too."""
    error: Annotated[str, shown("ValueError('no such account')")]
    """Why, the last time."""
    occurred_at: Annotated[Moment | None, Field(description="When what it tells happened.")]
    given_up_at: Moment
    replayed_at: Annotated[
        Moment | None, Field(description="When it was applied after all; null while it waits.")
    ]

    @classmethod
    def of(cls, letter: domain.DeadLetter) -> Self:
        """Show a dead letter."""
        return cls(
            id=f"{letter.service}:{letter.dead_letter_id}",
            service=letter.service,
            event_type=letter.event_type,
            subject=letter.subject,
            user_id=letter.account_id,
            ids=dict(letter.ids),
            tries=letter.deliveries,
            replays=letter.replays,
            error=letter.error,
            occurred_at=letter.occurred_at,
            given_up_at=letter.given_up_at,
            replayed_at=letter.replayed_at,
        )


class DeadLetterPage(Page[DeadLetter]):
    """Some of what waits, the newest first, and where the next part begins."""

    unanswered: Annotated[
        list[str],
        Field(
            description="Services that did not answer: what they gave up is missing.",
            examples=[[], ["billing"]],
        ),
    ]

    @classmethod
    def over(cls, page: domain.DeadLetterPage) -> Self:
        """Show a part."""
        return cls(
            data=[DeadLetter.of(letter) for letter in page.letters],
            next_cursor=page.next_cursor,
            unanswered=list(page.unanswered),
        )
