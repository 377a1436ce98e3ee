"""Links to generations, and what whoever has one sees."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.generation import Modality, Output
from gateway.domain.identifiers import ShareId

HOUR_S, DAY_S, WEEK_S, THIRTY_DAYS_S = 3_600, 86_400, 604_800, 2_592_000
LIFETIMES_S = (HOUR_S, DAY_S, WEEK_S, THIRTY_DAYS_S)


@dataclass(frozen=True, kw_only=True)
class Share:
    """A link to one generation."""

    share_id: ShareId
    shows_prompt: bool
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What a link leads to; `prompt` is None unless the owner chose to show it."""

    modality: Modality
    prompt: str | None
    outputs: tuple[Output, ...]
    expires_at: datetime
