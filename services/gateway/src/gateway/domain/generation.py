"""Models, quotes and generations, as clients see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.domain.api_key import KeyGrant
from gateway.domain.identifiers import (
    AccountId,
    AttemptId,
    CollectionId,
    GenerationId,
    ModelId,
    OutputId,
    QuoteId,
    ReservationId,
)

Document = Mapping[str, Any]
"""A JSON object."""

# How many before a job are counted.
QUEUE_COUNTED_MAX = 100


class Modality(StrEnum):
    """What comes out."""

    IMAGE = "image"
    VIDEO = "video"
    TEXT = "text"
    AUDIO = "audio"


class GenerationStatus(StrEnum):
    """Where a generation stands. Succeeded, failed, cancelled and rejected are final."""

    QUEUED = "queued"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (GenerationStatus.QUEUED, GenerationStatus.PROCESSING)


@dataclass(frozen=True, kw_only=True)
class PriceTier:
    """What units cost of inputs that are so, as `when` says in words."""

    credits_per_unit: int
    when: str


@dataclass(frozen=True, kw_only=True)
class Pricing:
    """What units (images, seconds, tokens) cost: `credits_per_unit` for `per_units` of them."""

    unit: str
    credits_per_unit: int
    summary: str
    per_units: int = 1
    tiers: tuple[PriceTier, ...] = ()

    @property
    def credits_from(self) -> int:
        """What they cost at the least."""
        return min([self.credits_per_unit, *(tier.credits_per_unit for tier in self.tiers)])


@dataclass(frozen=True, kw_only=True)
class RunStatistics:
    """How tries of the last day ended; None while too few were made."""

    success_rate: float | None = None
    median_duration_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class ProviderStatistics:
    """A provider's, of a model."""

    provider: str
    runs: RunStatistics


@dataclass(frozen=True, kw_only=True)
class ModelStatistics:
    """A model's, over all of its providers and of each that made enough tries."""

    overall: RunStatistics = RunStatistics()
    providers: tuple[ProviderStatistics, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Model:
    """Something that generates; `input_schema` is JSON Schema 2020-12."""

    model_id: ModelId
    title: str
    description: str
    modality: Modality
    category: str
    input_schema: Document
    pricing: Pricing
    providers: tuple[str, ...]
    # What its jobs take as a rule; None while nobody knows.
    median_duration_s: float | None = None
    # A word that a plan must open before it can be used; None: anybody may.
    requires: str | None = None
    # Whether the account that was named may use it; None where none was.
    is_usable: bool | None = None
    # How it fared on the last day, over all accounts.
    last_day: ModelStatistics = ModelStatistics()
    # Providers of it in whose place a stand-in answers, which has no model.
    stand_ins: tuple[str, ...] = ()

    @property
    def is_stood_in_for(self) -> bool:
        """Whether whoever is asked first is none but a stand-in."""
        return bool(self.providers) and self.providers[0] in self.stand_ins


@dataclass(frozen=True, kw_only=True)
class PriceLine:
    """So many units at so many credits for `per_units` of them; `tier` says why they cost this."""

    quantity: float
    unit: str
    credits_per_unit: int
    credits: int
    per_units: int = 1
    tier: str | None = None


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A signed price for one exact input."""

    quote_id: QuoteId
    credits: int
    expires_at: datetime
    breakdown: str
    lines: tuple[PriceLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Output:
    """A stored file; all addresses are signed and expire."""

    output_id: OutputId
    media_type: str
    size_bytes: int
    width: int
    height: int
    duration_s: float
    sha256: str
    url: str
    download_url: str
    expires_at: datetime
    # A small picture of it, where there is one.
    thumbnail_url: str | None = None
    # Why it is only the beginning of what was asked for: "length" or "broken_off".
    incomplete: str | None = None
    # A picture of it in some thirty characters (https://blurha.sh), where there is one.
    blurhash: str | None = None
    # Of one that generation keeps itself: what it is read by, until `expires_at`.
    signature: str | None = None

    @property
    def is_text(self) -> bool:
        """Whether people read it as it is."""
        return self.media_type.startswith("text/") or self.media_type == "application/json"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why nothing came out."""

    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try with one provider."""

    attempt_id: AttemptId
    provider: str
    outcome: str
    detail: str
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One job of one user; what has a default is not there at its beginning."""

    generation_id: GenerationId
    account_id: AccountId
    model_id: ModelId
    modality: Modality
    status: GenerationStatus
    progress: float = 0.0
    input: Document
    provider_order: tuple[str, ...]
    metadata: Document
    outputs: tuple[Output, ...] = ()
    failure: Failure | None = None
    credits_reserved: int
    credits_charged: int = 0
    credits_refunded: int = 0
    reservation_id: ReservationId | None = None
    cancel_requested: bool = False
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    # While it waits, here or at its provider's: 1 is the next one; QUEUE_COUNTED_MAX + 1 stands for all
    # places behind.
    queue_position: int | None = None
    # While it runs, where such jobs' time is known; it may have passed.
    expected_ready_at: datetime | None = None
    # Marked by its user.
    is_favourite: bool = False
    # Until when its outputs are kept, None for good; and when they went.
    outputs_kept_until: datetime | None = None
    outputs_expired_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class LibraryFilter:
    """What a generation must be to be listed; whatever is not said does not matter."""

    statuses: tuple[GenerationStatus, ...] = ()
    model_id: ModelId | None = None
    modality: Modality | None = None
    created_from: datetime | None = None
    # Exclusive.
    created_before: datetime | None = None
    favourites_only: bool = False
    # Words, or parts of them, that are all in the prompt.
    search: str | None = None
    collection_id: CollectionId | None = None


EVERY_GENERATION = LibraryFilter()


@dataclass(frozen=True, kw_only=True)
class NewGeneration:
    """What a client asks for."""

    model_id: ModelId
    input: Document
    quote_id: QuoteId | None = None
    provider_order: tuple[str, ...] = ()
    metadata: Document
    idempotency_key: str
    key: KeyGrant | None = None
    """The API key that asks; None for a person."""
