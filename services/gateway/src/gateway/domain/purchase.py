"""Packs of credits and how they are bought. Money is in minor units of an ISO 4217 currency."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, kw_only=True)
class Pack:
    """A quantity of credits on sale."""

    pack_id: str
    title: str
    description: str
    credits: int
    price_minor: int
    currency: str
    badge: str


class CheckoutStatus(StrEnum):
    """Whether the hosted page was paid."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A hosted page where a person pays for one pack; `url` is None once it is no longer open."""

    checkout_id: str
    pack_id: str
    url: str | None
    status: CheckoutStatus
    created_at: datetime
    expires_at: datetime | None
    purchase_id: str | None


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """A completed payment for credits."""

    purchase_id: str
    pack_id: str
    pack_title: str
    credits: int
    amount_minor: int
    currency: str
    payment_id: str
    created_at: datetime
