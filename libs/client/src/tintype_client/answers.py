"""What the API answers, as frozen values; whole credits are integers, times are aware."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Final ones; an API that is newer than this library may know others that are not.
ENDED = frozenset({"succeeded", "failed", "cancelled", "rejected"})


@dataclass(frozen=True, kw_only=True)
class Output:
    """A file that a generation made; its addresses are signed and work until `expires_at`."""

    id: str
    media_type: str
    size_bytes: int
    width: int
    height: int
    duration_s: float | None
    sha256: str
    # Whoever has a signed address has the file: no text of this shows it.
    url: str = field(repr=False)
    download_url: str = field(repr=False)
    thumbnail_url: str | None = field(repr=False)
    blurhash: str | None
    incomplete: str | None
    """Why it is only the beginning of what was asked for; None when it is whole."""
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class GenerationError:
    """Why nothing came out: a word for programs and a sentence for people."""

    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class GenerationCredits:
    """What a generation cost; `reserved` is None in an event that could not learn it."""

    reserved: int | None
    charged: int
    refunded: int


@dataclass(frozen=True, kw_only=True)
class Generation:
    """A job."""

    id: str
    model: str
    modality: str
    status: str
    """queued, processing, succeeded, failed, cancelled or rejected."""
    progress: float
    """From 0 to 1."""
    input: Mapping[str, Any]
    metadata: Mapping[str, Any]
    outputs: tuple[Output, ...]
    error: GenerationError | None
    credits: GenerationCredits
    cancel_requested: bool
    queue_position: int | None
    expected_ready_at: datetime | None
    is_favourite: bool
    outputs_kept_until: datetime | None
    outputs_expired_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether its status is final."""
        return self.status in ENDED


@dataclass(frozen=True, kw_only=True)
class CreditsByCategory:
    """Available credits by what they are."""

    subscription: int
    promotional: int
    paid: int


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What an account can spend, and what is held for jobs that run."""

    available: int
    held: int
    debt: int
    by_category: CreditsByCategory
    next_expiry: datetime | None
    upcoming: int
    next_effective: datetime | None
    sequence: int
    """Of two balances the one with the higher sequence is newer."""


@dataclass(frozen=True, kw_only=True)
class PriceTier:
    """What units cost of some inputs; the first one that fits counts."""

    when: str
    credits_per_unit: int


@dataclass(frozen=True, kw_only=True)
class Pricing:
    """What units cost."""

    unit: str
    credits_per_unit: int
    per_units: int
    tiers: tuple[PriceTier, ...]
    summary: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model on offer."""

    id: str
    title: str
    description: str
    modality: str
    category: str
    input_schema: Mapping[str, Any]
    """JSON Schema of its input."""
    pricing: Pricing
    providers: tuple[str, ...]
    median_duration_s: float | None
    requires: str | None
    is_usable: bool | None


@dataclass(frozen=True, kw_only=True)
class PriceLine:
    """A part of a price: `quantity` units."""

    quantity: float
    unit: str
    credits_per_unit: int
    per_units: int
    credits: int
    tier: str | None


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A signed price for one exact input, until `expires_at`."""

    quote_id: str
    credits: int
    breakdown: str
    lines: tuple[PriceLine, ...]
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A picture or a film to generate from."""

    id: str
    media_type: str
    size_bytes: int
    width: int
    height: int
    duration_s: float
    sha256: str
    source_sha256: str
    url: str = field(repr=False)
    thumbnail_url: str | None = field(repr=False)
    blurhash: str | None
    url_expires_at: datetime
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AwaitedUpload:
    """How a file goes straight to the store: as a form of these fields and then the file."""

    id: str
    url: str
    fields: Mapping[str, str] = field(repr=False)
    size_bytes_max: int
    send_by: datetime
    complete_by: datetime


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of an account's history; `amount` is the change of the available credits."""

    id: str
    sequence: int
    kind: str
    amount: int
    category: str | None
    balance_after: int
    held_after: int
    settled: int
    reservation_id: str | None
    generation_id: str | None
    payment_id: str | None
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Usage:
    """One try with one provider."""

    time: datetime
    attempt_id: str
    generation_id: str
    model: str
    provider: str
    outcome: str
    reason: str | None
    outputs: int
    tokens: int | None
    credits: int
    latency_ms: int | None
    key: str | None
    key_name: str | None


@dataclass(frozen=True, kw_only=True)
class GenerationUpdated:
    """A generation came further."""

    id: str
    status: str
    progress: float
    credits: GenerationCredits

    @property
    def has_ended(self) -> bool:
        """Whether its status is final."""
        return self.status in ENDED


@dataclass(frozen=True, kw_only=True)
class PaymentCompleted:
    """Money arrived; its credits follow."""

    payment_id: str
    purchase_id: str
    pack: str
    credits: int
    amount_minor: int
    currency: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class SubscriptionUpdated:
    """The account's plan began, changed or ended."""

    id: str
    plan_id: str
    status: str
    interval: str | None
    entitlements: tuple[str, ...]
    cancel_at_period_end: bool
    updated_at: datetime
