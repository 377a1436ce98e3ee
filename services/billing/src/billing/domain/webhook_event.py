"""Webhooks of the payment processor, stored before anything is done with them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class WebhookState(StrEnum):
    """PARKED means: given up after many tries, for a person to look at."""

    WAITING = "waiting"
    DONE = "done"
    IGNORED = "ignored"
    PARKED = "parked"


@dataclass(frozen=True, kw_only=True)
class WebhookEvent:
    """One event, as received and verified, with the checkout, payment or dispute that it is about, if any."""

    event_id: str
    kind: str
    session_id: str | None
    body: bytes
    received_at: datetime
    attempts: int = 0
    payment_id: str | None = None
    dispute_id: str | None = None
