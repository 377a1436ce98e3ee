"""What a person asks of their library by its address: filters, and how far they have scrolled."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import Query

from gateway.adapters.inbound.rest.library_filter import MODEL_LENGTH_MAX, SEARCH_LENGTH_MAX
from gateway.domain.generation import GenerationStatus, LibraryFilter, Modality
from gateway.domain.identifiers import CollectionId, ModelId

PAGE_SIZE = 24
# An address brings back so many tiles at most; what is older is scrolled to again.
SHOWN_MAX = 20 * PAGE_SIZE

_COLLECTION = re.compile(r"col_[0-9a-f]{32}")
Word = TypeVar("Word", bound=StrEnum)


class State(StrEnum):
    """Where generations stand, in as many words as a person tells apart."""

    DONE = "done"
    OPEN = "open"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def statuses(self) -> tuple[GenerationStatus, ...]:
        """The statuses that it stands for."""
        return _STATUSES[self]


_STATUSES = {
    State.DONE: (GenerationStatus.SUCCEEDED,),
    State.OPEN: (GenerationStatus.QUEUED, GenerationStatus.PROCESSING),
    State.FAILED: (GenerationStatus.FAILED, GenerationStatus.REJECTED),
    State.CANCELLED: (GenerationStatus.CANCELLED,),
}


@dataclass(frozen=True, kw_only=True)
class LibraryQuery:
    """The form as it was sent; an address with something that no form says is read without it."""

    search: str = ""
    kind: Modality | None = None
    model: str = ""
    states: tuple[State, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    favourite: bool = False
    collection: CollectionId | None = None

    @property
    def is_any(self) -> bool:
        """Whether everything is shown."""
        return self == LibraryQuery()

    @property
    def is_all_of_a_collection(self) -> bool:
        """Whether all that is in a collection is shown."""
        return self.collection is not None and replace(self, collection=None).is_any

    @property
    def folded_count(self) -> int:
        """How many of the fields that are folded away say something."""
        days = self.first_day is not None or self.last_day is not None
        return bool(self.model) + bool(self.states) + days

    def wanted(self, zone: tzinfo) -> LibraryFilter:
        """Return what is looked for; days begin and end by the person's own clock."""
        days = [day for day in (self.first_day, self.last_day) if day is not None]
        return LibraryFilter(
            search=self.search or None,
            modality=self.kind,
            model_id=ModelId(self.model) if self.model else None,
            statuses=tuple(status for state in self.states for status in state.statuses),
            # Whichever was put first, the earlier day is the first one.
            created_from=_midnight(min(days), zone) if self.first_day else None,
            created_before=_midnight(max(days) + timedelta(days=1), zone) if self.last_day else None,
            favourites_only=self.favourite,
            collection_id=self.collection,
        )

    def address(self, **more: str | int) -> str:
        """Return the address of the library so filtered."""
        told: list[tuple[str, str | int]] = [("search", self.search), ("kind", self.kind or "")]
        told += [("model", self.model), *(("state", state) for state in self.states)]
        told += [("from", str(self.first_day or "")), ("to", str(self.last_day or ""))]
        told += [("favourite", "on" if self.favourite else ""), ("collection", self.collection or "")]
        told += more.items()
        said = [(name, value) for name, value in told if value not in ("", 0)]
        return "/library" + (f"?{urlencode(said)}" if said else "")


async def library_query(
    search: Annotated[str, Query()] = "",
    kind: Annotated[str, Query()] = "",
    model: Annotated[str, Query()] = "",
    state: Annotated[list[str] | None, Query()] = None,
    first_day: Annotated[str, Query(alias="from")] = "",
    last_day: Annotated[str, Query(alias="to")] = "",
    favourite: Annotated[str, Query()] = "",
    collection: Annotated[str, Query()] = "",
) -> LibraryQuery:
    """Read the form; nothing in it is refused."""
    return LibraryQuery(
        search=search.replace("\x00", "").strip()[:SEARCH_LENGTH_MAX],
        kind=_word(Modality, kind),
        model=model.replace("\x00", "")[:MODEL_LENGTH_MAX],
        states=tuple(known for known in State if known in (state or ())),
        first_day=_day(first_day),
        last_day=_day(last_day),
        favourite=bool(favourite),
        collection=CollectionId(collection) if _COLLECTION.fullmatch(collection) else None,
    )


def _word(kind: type[Word], text: str) -> Word | None:
    return kind(text) if text in set(kind) else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # The first and the last years have no day before or after.
    return day if date.min.year < day.year < date.max.year else None


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
