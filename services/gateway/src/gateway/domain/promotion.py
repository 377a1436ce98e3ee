"""Codes that a person redeems for credits."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.identifiers import RedemptionId


@dataclass(frozen=True, kw_only=True)
class Redemption:
    """One person's credits from a code; `expires_at` is None for those that never do."""

    redemption_id: RedemptionId
    code: str
    credits: int
    expires_at: datetime | None
    created_at: datetime
