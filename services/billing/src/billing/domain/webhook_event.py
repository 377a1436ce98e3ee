"""Webhooks of the payment processor, stored before anything is done with them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

ERROR_MAX = 1_000


class WebhookState(StrEnum):
    """PARKED means: it failed of its own many times, and waits for a person, or for being sent again."""

    WAITING = "waiting"
    DONE = "done"
    IGNORED = "ignored"
    PARKED = "parked"


class IgnoredCause(StrEnum):
    """Why nothing is done with a webhook."""

    # Told by the webhook itself: nobody needs to be asked.
    CONNECTED_ACCOUNT = "connected_account"
    OTHER_MODE = "other_mode"
    THIN_EVENT = "thin_event"
    UNHANDLED_KIND = "unhandled_kind"
    UNREADABLE = "unreadable"
    # Told by the processor.
    NOT_OURS = "not_ours"
    UNKNOWN_OBJECT = "unknown_object"


class Stored(StrEnum):
    """What storing a webhook came to. WOKEN: it was parked or ignored, and is worked out anew."""

    NEW = "new"
    DUPLICATE = "duplicate"
    WOKEN = "woken"


@dataclass(frozen=True, kw_only=True)
class VerifiedWebhook:
    """A webhook that the processor signed, with the checkout, payment or dispute that it is about, if any.

    The event's id is the same in every delivery. `ignored` says why it needs no work, where that is known.
    """

    event_id: str
    kind: str
    session_id: str | None = None
    payment_id: str | None = None
    dispute_id: str | None = None
    ignored: IgnoredCause | None = None


@dataclass(frozen=True, kw_only=True)
class WebhookEvent:
    """One event as received and verified. `attempts` counts failures that were its own."""

    event_id: str
    kind: str
    session_id: str | None
    body: bytes
    received_at: datetime
    attempts: int = 0
    payment_id: str | None = None
    dispute_id: str | None = None
    cause: IgnoredCause | None = None

    @property
    def is_about_something(self) -> bool:
        """Whether there is an object to ask the processor about."""
        return any((self.session_id, self.payment_id, self.dispute_id))


@dataclass(frozen=True, kw_only=True)
class WebhookOutcome:
    """Where a webhook stands after it was worked on. `due_at` is set for one that waits."""

    state: WebhookState
    attempts: int
    due_at: datetime | None = None
    cause: IgnoredCause | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class StoredWebhook:
    """A stored webhook and where it stands."""

    event: WebhookEvent
    state: WebhookState
    due_at: datetime
    finished_at: datetime | None = None
    error: str = ""


def described(failure: BaseException) -> str:
    """Return a failure as text that every store takes: short, and nothing in it that is no character."""
    text = repr(failure)[:ERROR_MAX].replace("\x00", "\\x00")
    return text.encode("utf-8", "backslashreplace").decode()[:ERROR_MAX]
