"""Webhooks of the payment processor, stored before anything is done with them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.identifiers import EventId, ObjectId

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
    ANOTHER_ACCOUNT = "another_account"
    OTHER_MODE = "other_mode"
    WITHOUT_OBJECT = "without_object"
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


class SubjectKind(StrEnum):
    """What kind of the processor's objects a webhook is about."""

    PAGE = "page"
    PAYMENT = "payment"
    DISPUTE = "dispute"
    SUBSCRIPTION = "subscription"
    INVOICE = "invoice"
    ARTICLE = "article"
    CUSTOMER = "customer"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The object that a webhook is about: it is asked how it stands, a webhook may be old."""

    kind: SubjectKind
    object_id: ObjectId


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """What the processor signed: an event, and what it is about, if anything.

    The event's id is the same in every delivery. `cause` says why it needs no work, where that is known.
    """

    event_id: EventId
    kind: str
    subject: Subject | None = None
    cause: IgnoredCause | None = None


@dataclass(frozen=True, kw_only=True)
class WebhookEvent(Webhook):
    """A webhook as received and verified. `attempts` counts failures that were its own."""

    body: bytes
    received_at: datetime
    attempts: int = 0


@dataclass(frozen=True, kw_only=True)
class WebhookOutcome:
    """Where a webhook stands after it was worked on. `due_at` is set for one that waits."""

    state: WebhookState
    attempts: int
    due_at: datetime | None = None
    cause: IgnoredCause | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class StoredWebhook:
    """A stored webhook and where it stands."""

    event: WebhookEvent
    state: WebhookState
    due_at: datetime
    finished_at: datetime | None = None
    error: str | None = None


def described(failure: BaseException) -> str:
    """Return a failure as text that every store takes: short, and nothing in it that is no character."""
    text = repr(failure)[:ERROR_MAX].replace("\x00", "\\x00")
    return text.encode("utf-8", "backslashreplace").decode()[:ERROR_MAX]
