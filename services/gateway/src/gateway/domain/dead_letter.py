"""Events that services gave up, as people with a role see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.identifiers import AccountId, DeadLetterId


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One event that had no effect at one service."""

    service: str
    dead_letter_id: DeadLetterId
    event_type: str
    subject: str
    account_id: AccountId
    occurred_at: datetime | None
    given_up_at: datetime
    deliveries: int
    """How often it was delivered before it was given up."""
    replays: int
    error: str
    """Why, the last time."""
    replayed_at: datetime | None
    """None while it waits."""
    ids: Mapping[str, str]
    """What its payload names, by field; nothing else of it is told."""
    place: str
    """Where a list goes on after it, whichever service is asked."""


@dataclass(frozen=True, kw_only=True)
class DeadLetterPage:
    """Some of what waits, of every service that answered; the newest first."""

    letters: Sequence[DeadLetter]
    next_cursor: str | None
    unanswered: Sequence[str]
    """The services that did not answer: what they gave up is missing."""
