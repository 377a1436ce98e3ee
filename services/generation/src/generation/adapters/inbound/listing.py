"""Parsing of what a list is asked for: its filters, and the place where its next page starts."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from chassis.timestamps import to_datetime
from google.protobuf.timestamp_pb2 import Timestamp
from tintype.generation.v1 import generation_pb2 as pb

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
    created_from = _moment(request.created_from, "created_from") if request.HasField("created_from") else None
    created_before = (
        _moment(request.created_before, "created_before") if request.HasField("created_before") else None
    )
    if created_from and created_before and created_from >= created_before:
        raise InvalidInput([Violation("created_before", "must be later than created_from")])
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
    return base64.urlsafe_b64encode(text.encode()).decode()


def page_start(token: str, wanted: LibraryFilter) -> GenerationId | None:
    """Return what `page_token` made for the same filters. Raises InvalidInput for anything else."""
    if not token:
        return None
    try:
        place, _, mark = base64.b64decode(token, altchars=b"-_", validate=True).decode().partition(_SEPARATOR)
        start = generation_id(place)
    except (binascii.Error, UnicodeDecodeError, GenerationNotFound, ValueError) as error:
        raise InvalidInput([Violation("page_token", "is not from an earlier page")]) from error
    if mark != ("" if wanted == EVERY_JOB else _mark(wanted)):
        raise InvalidInput([Violation("page_token", "is from a list with other filters; begin without it")])
    return start


def _mark(wanted: LibraryFilter) -> str:
    """Return a few letters that differ for filters that differ."""
    told = {**vars(wanted), "statuses": sorted(wanted.statuses)}
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
