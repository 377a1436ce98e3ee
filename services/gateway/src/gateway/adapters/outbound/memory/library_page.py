"""A page of a library in memory: the filters, and cursors that belong to one list."""

import hashlib
import unicodedata
from collections.abc import Container, Sequence

from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.generation import Generation, LibraryFilter
from gateway.domain.page import Page

_SEARCH_LENGTH_MAX = 200


def library_page(
    newest_first: Sequence[Generation],
    wanted: LibraryFilter,
    *,
    held: Container[str] | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Generation]:
    """Return the next part of what `wanted` admits, of those `held` where that is said.

    Raises InvalidRequest as the service does.
    """
    if wanted.search and (len(wanted.search) > _SEARCH_LENGTH_MAX or "\x00" in wanted.search):
        raise _wrong("search", f"must be up to {_SEARCH_LENGTH_MAX} characters, none of them NUL")
    if wanted.created_from and wanted.created_before and wanted.created_from >= wanted.created_before:
        raise _wrong("to", "must be later than from")
    # A place in the list of all, and which list it belongs to.
    mark = hashlib.sha256(str(wanted).encode()).hexdigest()[:16]
    place, _, of = (cursor or f"0.{mark}").partition(".")
    if not place.isdigit():
        raise _wrong("cursor", "is not from an earlier page")
    if of != mark:
        raise _wrong("cursor", "is from a list with other filters; begin without it")
    found = [
        number
        for number, job in enumerate(newest_first)
        if number >= int(place) and _is(job, wanted) and (held is None or job.generation_id in held)
    ]
    shown = found[:limit]
    return Page(
        items=[newest_first[number] for number in shown],
        next_cursor=f"{shown[-1] + 1}.{mark}" if len(found) > limit else None,
    )


def _is(job: Generation, wanted: LibraryFilter) -> bool:
    prompt = _folded(str(job.input.get("prompt", "")))
    return (
        (not wanted.statuses or job.status in wanted.statuses)
        and wanted.model_id in (None, job.model_id)
        and wanted.modality in (None, job.modality)
        and (wanted.created_from is None or job.created_at >= wanted.created_from)
        and (wanted.created_before is None or job.created_at < wanted.created_before)
        and (job.is_favourite or not wanted.favourites_only)
        and all(word in prompt for word in _folded(wanted.search or "").split())
    )


def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _wrong(field: str, detail: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: {detail}", fields=[FieldProblem(field, detail)])
