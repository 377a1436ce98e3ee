"""Generations that their user put together under a name."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.generation import Output
from gateway.domain.identifiers import CollectionId

NAME_LENGTH_MAX = 80
# That one call puts in or takes out.
GENERATIONS_MAX = 100


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A name and how many generations are under it; `cover` is the newest that has a thumbnail."""

    collection_id: CollectionId
    name: str
    generation_count: int
    cover: Output | None
    created_at: datetime
