"""The facts that billing publishes."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.checkout import Purchase


@dataclass(frozen=True, kw_only=True)
class PaymentCompleted:
    """Money arrived: the purchase's credits are owed."""

    purchase: Purchase
    occurred_at: datetime
