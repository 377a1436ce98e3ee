"""Parsing of what a list is asked for: its filters, and the place where its next page starts."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.timestamps import to_datetime
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from tintype.generation.v1 import generation_pb2 as pb

from generation.adapters.inbound import fields
from generation.adapters.inbound.fields import collection_id, generation_id, model_id
from generation.domain.errors import GenerationNotFound, InvalidInput, Violation
from generation.domain.generation import Status
from generation.domain.identifiers import GenerationId
from generation.domain.library_filter import EVERY_JOB, LibraryFilter, search_words
from generation.domain.model import Modality

SEARCH_LENGTH_MAX = 200
_STATUSES = {pb.GenerationStatus.Value(f"GENERATION_STATUS_{s.name}"): s for s in Status}
_MODALITIES = {pb.Modality.Value(f"MODALITY_{m.name}"): m for m in Modality}
# Between the place and the list that it belongs to.
_SEPARATOR = "."
_MARK_LENGTH = 16


def library_filter(request: pb.ListGenerationsRequest) -> LibraryFilter:
    """Return the filters of a request. Raises InvalidInput, naming the field, and CollectionNotFound."""
    if request.modality and request.modality not in _MODALITIES:
        raise InvalidInput([Violation("modality", "is unknown")])
    created_from, created_before = span(request, "created_from", "created_before")
    return LibraryFilter(
        statuses=_statuses(request.statuses),
        model_id=model_id(request.model_id) if request.model_id else None,
        modality=_MODALITIES.get(request.modality),
        created_from=created_from,
        created_before=created_before,
        favourites_only=request.favourites_only,
        words=_words(request.search),
        collection_id=collection_id(request.collection_id) if request.collection_id else None,
    )


def page_token(place: GenerationId | None, wanted: LibraryFilter) -> str:
    """Return where the next page starts, and of which list, as text that callers don't read."""
    if place is None:
        return ""
    text = place if wanted == EVERY_JOB else f"{place}{_SEPARATOR}{_mark(wanted)}"
    return fields.page_token(text)


def page_start(token: str, wanted: LibraryFilter) -> GenerationId | None:
    """Return what `page_token` made for the same filters. Raises InvalidInput for anything else."""
    if not token:
        return None
    place, _, mark = fields.page_place(token).partition(_SEPARATOR)
    try:
        start = generation_id(place)
    except GenerationNotFound as error:
        raise fields.not_from_a_page() from error
    if mark != ("" if wanted == EVERY_JOB else _mark(wanted)):
        raise InvalidInput([Violation("page_token", "is from a list with other filters; begin without it")])
    return start


def _mark(wanted: LibraryFilter) -> str:
    return filter_mark({**vars(wanted), "statuses": sorted(wanted.statuses)})


def filter_mark(told: Mapping[str, Any]) -> str:
    """Return a few letters that differ for filters that differ."""
    digest = hashlib.sha256(json.dumps(told, default=datetime.isoformat).encode())
    return digest.hexdigest()[:_MARK_LENGTH]


def _statuses(values: Sequence[pb.GenerationStatus.ValueType]) -> frozenset[Status]:
    """Return the statuses to list. To users a job that reserves is queued already."""
    wanted = set()
    for value in values:
        if value not in _STATUSES:
            raise InvalidInput([Violation("statuses", "holds an unknown status")])
        wanted.add(_STATUSES[value])
    if Status.QUEUED in wanted:
        wanted.add(Status.RESERVING)
    return frozenset(wanted)


def span(request: Message, begin: str, end: str) -> tuple[datetime | None, datetime | None]:
    """Return two moments of a request, each where it is given. Raises InvalidInput, naming the field."""
    since, until = (
        _moment(getattr(request, field), field) if request.HasField(field) else None for field in (begin, end)
    )
    if since and until and since >= until:
        raise InvalidInput([Violation(end, f"must be later than {begin}")])
    return since, until


def _moment(stamp: Timestamp, field: str) -> datetime:
    try:
        return to_datetime(stamp)
    except (ValueError, OverflowError) as error:
        raise InvalidInput([Violation(field, "is not a time")]) from error


def _words(text: str) -> tuple[str, ...]:
    if len(text) > SEARCH_LENGTH_MAX or "\x00" in text:
        raise InvalidInput(
            [Violation("search", f"must be up to {SEARCH_LENGTH_MAX} characters, none of them NUL")]
        )
    return search_words(text)
