"""What something costs."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Price:
    """An amount in the smallest unit of an ISO 4217 currency."""

    price_minor: int
    currency: str
