"""Facts that concern one account, and how far a client has seen them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.credits import Balance
from gateway.domain.generation import GenerationStatus
from gateway.domain.identifiers import (
    EventId,
    GenerationId,
    PackId,
    PaymentId,
    PlanId,
    PurchaseId,
    SubscriptionId,
)
from gateway.domain.subscription import BillingInterval, SubscriptionStatus


class Stream(StrEnum):
    """A sequence of facts with numbers of its own."""

    LEDGER = "LEDGER"
    GENERATION = "GENERATION"
    BILLING = "BILLING"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one fact stands in its stream: the same whoever reads it, and whenever."""

    stream: Stream
    sequence: int
    at_ms: int
    """When the broker stored it, in milliseconds since 1970."""
    balance: int = 0
    """The sequence of the balance that the fact tells; 0 when it tells none."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """The last number that one connection has read in each stream, and the last balance that it showed."""

    numbers: Mapping[Stream, int]
    at_ms: int
    balance: int = 0


Cursor = Place | Position
"""How far a client has seen: exactly, or up to a fact, beside which it saw others of about that time."""


@dataclass(frozen=True, kw_only=True)
class BalanceChanged:
    """Credits moved; `reserved_credits` is set when they were set aside for `generation_id`."""

    balance: Balance
    generation_id: GenerationId | None = None
    reserved_credits: int | None = None


@dataclass(frozen=True, kw_only=True)
class GenerationMoved:
    """A generation came further; amounts are None where the fact does not say."""

    generation_id: GenerationId
    status: GenerationStatus
    progress: float
    reserved_credits: int | None = None
    charged_credits: int | None = None


@dataclass(frozen=True, kw_only=True)
class PaymentReceived:
    """Money arrived for a pack; its credits follow."""

    payment_id: PaymentId
    purchase_id: PurchaseId
    pack_id: PackId
    credits: int
    amount_minor: int
    currency: str
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class PlanChanged:
    """What the account's plan is from then on; of several the one with the highest revision counts."""

    subscription_id: SubscriptionId
    plan_id: PlanId
    status: SubscriptionStatus
    interval: BillingInterval | None
    entitlements: tuple[str, ...]
    cancel_at_period_end: bool
    revision: int
    occurred_at: datetime


Fact = BalanceChanged | GenerationMoved | PaymentReceived | PlanChanged


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A fact and its place, or no fact and where the streams stand."""

    cursor: Cursor
    fact: Fact | None = None
    maybe_seen: bool = False
    """The client comes back, and may have been told this before it left."""
    is_fresh: bool = False
    """Of the first delivery: it begins at now, because the client's cursor can't be followed."""


@dataclass(frozen=True, kw_only=True)
class GenerationUpdate:
    """What a client is told of a generation; `reserved_credits` is None where it could not be learnt."""

    generation_id: GenerationId
    status: GenerationStatus
    progress: float
    reserved_credits: int | None
    charged_credits: int
    refunded_credits: int


@dataclass(frozen=True, kw_only=True)
class ClientEvent:
    """One event for a client: what to tell, or nothing but the id; a snapshot has no id."""

    event_id: EventId | None
    told: Balance | GenerationUpdate | PaymentReceived | PlanChanged | None
