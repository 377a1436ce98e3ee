"""Webhooks that the gateway sends: where to, what of, and how often it tries."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from gateway.domain.identifiers import (
    AccountId,
    CallbackId,
    DeliveryId,
    GenerationId,
    MessageId,
    WebhookEndpointId,
)

ENDPOINTS_MAX = 20
"""That an account may have."""
URL_LENGTH_MAX = 2_000
DESCRIPTION_LENGTH_MAX = 200
RESPONSE_LENGTH_MAX = 1_000
"""Characters of an answer that the log keeps."""
SECRET_OVERLAP = timedelta(hours=24)
"""How long a secret that was replaced still signs beside the new one."""
SECRET_TOLD_AGAIN = timedelta(hours=1)
"""How long the request that made an endpoint, sent again with its key, is told the secret as well."""
TEST_TYPE = "webhook.test"
"""What is sent for a try; nobody asks for it by name."""
# What the specification proposes (standardwebhooks.com), for a day and a third.
RETRY_DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
)
ATTEMPTS_MAX = len(RETRY_DELAYS) + 1
RETRY_AFTER_MAX = timedelta(days=1)
# A process that dies of an attempt counts it: a delivery that kills whoever tries it ends here.
KILLS_MAX = 3

Spread = Callable[[timedelta], timedelta]
"""Moves a delay a little, so that what failed together comes back apart."""


class WebhookEvent(StrEnum):
    """What can be told; a name means the same for good."""

    GENERATION_SUCCEEDED = "generation.succeeded"
    GENERATION_FAILED = "generation.failed"
    GENERATION_CANCELLED = "generation.cancelled"
    CREDITS_LOW = "credits.low"
    CREDITS_CHARGED = "credits.charged"
    PAYMENT_COMPLETED = "payment.completed"
    PAYMENT_REFUNDED = "payment.refunded"


GENERATION_EVENTS = (
    WebhookEvent.GENERATION_SUCCEEDED,
    WebhookEvent.GENERATION_FAILED,
    WebhookEvent.GENERATION_CANCELLED,
)
"""What the webhook of one request can be told."""


class DisabledReason(StrEnum):
    """Why an endpoint is sent nothing."""

    OWNER = "owner"
    """Its owner turned it off."""
    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """Nothing that was sent arrived for days."""


class DeliveryState(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Given up; its owner may have it sent again."""


class AttemptError(StrEnum):
    """Why an attempt got no answer."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    TLS = "tls"
    ADDRESS_REFUSED = "address_refused"
    """It is not https, or leads to an address that is not public."""
    ENDPOINT_DISABLED = "endpoint_disabled"
    INTERNAL = "internal"


@dataclass(frozen=True, kw_only=True)
class WebhookEndpoint:
    """Where an account wants to be told what."""

    endpoint_id: WebhookEndpointId
    account_id: AccountId
    url: str
    event_types: frozenset[WebhookEvent]
    description: str
    created_at: datetime
    disabled_reason: DisabledReason | None = None
    disabled_at: datetime | None = None
    failing_since: datetime | None = None
    """When the first attempt failed since the last one that arrived."""

    @property
    def is_enabled(self) -> bool:
        """Whether it is sent anything."""
        return self.disabled_reason is None

    @property
    def host(self) -> str:
        """Whom it is sent to, with the port where that is said: nothing of its address that may be secret."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


@dataclass(frozen=True, kw_only=True)
class RequestMark:
    """By which a request that comes again is known, and known to be the same: digests, in hexadecimal."""

    key_digest: str
    asked_digest: str


@dataclass(frozen=True, kw_only=True)
class AddedEndpoint:
    """An endpoint that was asked for."""

    endpoint: WebhookEndpoint
    secret: str | None = field(repr=False)
    """None where it was replaced, or was told for the last time by now."""
    is_replayed: bool = False


@dataclass(frozen=True, kw_only=True)
class EndpointChange:
    """What its owner wants changed; None leaves a thing as it is."""

    url: str | None = None
    event_types: frozenset[WebhookEvent] | None = None
    description: str | None = None
    enabled: bool | None = None


@dataclass(frozen=True, kw_only=True)
class SigningSecrets:
    """What signs: the secret, and for a while the one that it replaced."""

    current: str = field(repr=False)
    previous: str | None = field(default=None, repr=False)
    previous_until: datetime | None = None

    def at(self, now: datetime) -> tuple[str, ...]:
        """Return those that sign now, the newest first."""
        if self.previous is None or self.previous_until is None or self.previous_until <= now:
            return (self.current,)
        return (self.current, self.previous)

    def replaced(self, fresh: str, *, now: datetime) -> "SigningSecrets":
        """Return them with a fresh one; the one before signs for a day, and any older one no more."""
        return SigningSecrets(current=fresh, previous=self.current, previous_until=now + SECRET_OVERLAP)


@dataclass(frozen=True, kw_only=True)
class WebhookMessage:
    """What is told: whoever receives it twice knows it by its id."""

    message_id: MessageId
    account_id: AccountId
    event_type: str
    payload: str = field(repr=False)
    """JSON, as it is signed and sent."""
    generation_id: GenerationId | None = None
    """The generation that it is about: whoever asked for it may have named a webhook for it alone."""


@dataclass(frozen=True, kw_only=True)
class Callback:
    """The webhook of one request, kept before the request is carried out."""

    callback_id: CallbackId
    account_id: AccountId
    url: str
    event_types: frozenset[WebhookEvent]
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What came of one attempt: a status, or why there is none."""

    attempted_at: datetime
    duration_ms: int
    status: int | None = None
    error: AttemptError | None = None
    response: str | None = field(default=None, repr=False)
    """The beginning of the answer; None where there was none."""
    retry_after: timedelta | None = None
    """How long the receiver asks to be left alone."""

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing more."""
        return self.status == 410


@dataclass(frozen=True, kw_only=True)
class WebhookDelivery:
    """One message on its way to one receiver."""

    delivery_id: DeliveryId
    account_id: AccountId
    endpoint_id: WebhookEndpointId | None
    """None for the webhook of one request."""
    url: str
    message_id: MessageId
    event_type: str
    payload: str = field(repr=False)
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    created_at: datetime
    last_attempt: Attempt | None = None
    generation_id: GenerationId | None = None
    """Of the webhook of one request: what was asked for."""


@dataclass(frozen=True, kw_only=True)
class ClaimedDelivery:
    """A delivery that one process may try, and what it needs for that."""

    delivery: WebhookDelivery
    secrets: SigningSecrets | None
    """None when they can't be read any more: the key is gone."""
    is_wanted: bool
    """Whether its endpoint is enabled."""


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What becomes of a delivery after an attempt."""

    state: DeliveryState
    next_attempt_at: datetime | None = None


def settled(*, attempts: int, attempt: Attempt, now: datetime, spread: Spread) -> Settlement:
    """Decide what follows from an attempt, the `attempts`-th.

    A receiver that asks for more time gets it, a day at most; it never comes sooner for that.
    """
    if attempt.is_delivered:
        return Settlement(state=DeliveryState.SUCCEEDED)
    final = attempt.is_gone or attempt.error is AttemptError.ENDPOINT_DISABLED
    if final or attempts >= ATTEMPTS_MAX:
        return Settlement(state=DeliveryState.FAILED)
    delay = spread(RETRY_DELAYS[attempts - 1])
    asked = min(attempt.retry_after or timedelta(0), RETRY_AFTER_MAX)
    return Settlement(state=DeliveryState.PENDING, next_attempt_at=now + max(delay, asked))


def disabled_by(
    endpoint: WebhookEndpoint, attempt: Attempt, *, now: datetime, failing_max: timedelta
) -> DisabledReason | None:
    """Say whether an attempt ends what an endpoint is sent, and why."""
    if attempt.is_gone:
        return DisabledReason.GONE
    if attempt.is_delivered or endpoint.failing_since is None:
        return None
    return DisabledReason.FAILING if now - endpoint.failing_since >= failing_max else None
