"""`/library`: generations as they develop, and what each of them cost."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.asked import asked_for, model_of
from gateway.adapters.inbound.console.days import by_day
from gateway.adapters.inbound.console.languages import language_of
from gateway.adapters.inbound.console.library_part import LibraryPart, library_part
from gateway.adapters.inbound.console.library_query import SHOWN_MAX, LibraryQuery, State, library_query
from gateway.adapters.inbound.console.page import FRAGMENT, HtmlRoute, Session, came_from, fragment, go, show
from gateway.adapters.inbound.console.schema_form import media_kinds
from gateway.adapters.inbound.console.selection import SELECTED_MAX, Undone, deleted_note
from gateway.adapters.inbound.console.templates import zone_of
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.parameters import generation_id
from gateway.application.read_texts import PREVIEW_MAX_BYTES, SHOWN_MAX_BYTES
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Conflict, NotFound
from gateway.domain.generation import Generation, LibraryFilter
from gateway.domain.identifiers import GenerationId
from gateway.domain.page import Page
from gateway.ports.rate_limits import Limit
from gateway.ports.text_outputs import Excerpt

router = APIRouter(route_class=HtmlRoute)


@router.get("/library", dependencies=[per_user(Limit.READS)])
async def library(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    query: Annotated[LibraryQuery, Depends(library_query)],
    part: Annotated[LibraryPart, Depends(library_part)],
    undo: Undone = None,
    note: Annotated[str, Query()] = "",
    running: Annotated[int, Query(ge=0, le=SELECTED_MAX)] = 0,
    failed: Annotated[int, Query(ge=0, le=SELECTED_MAX)] = 0,
) -> Response:
    """Tiles by day, newest first; a part of a page gets what it asked for, and where that now stands."""
    page = await _read(deps, session, query.wanted(zone_of(request)), part)
    shown = part.before + len(page.items)
    values: dict[str, Any] = {
        "session": session,
        "query": query,
        "days": by_day(
            page.items, now=deps.clock.now(), zone=zone_of(request), language=language_of(request)
        ),
        "texts": await previews(deps, page.items),
        "next_cursor": page.next_cursor,
        "shown": shown,
        "day_before": part.day,
        "is_first": part.cursor is None,
        "is_part": FRAGMENT in request.headers,
        "collection": None,
    }
    if query.collection and part.cursor is None:
        values["collection"] = await deps.collections.collection(session.user_id, query.collection)
    if FRAGMENT not in request.headers:
        if note == "deleted-many":
            values["note"] = deleted_note(request, deleted=len(undo or ()), running=running, failed=failed)
        models, collections = await asyncio.gather(
            deps.generations.models(), deps.collections.collections(session.user_id)
        )
        return await show(
            request,
            "library.html",
            models=models,
            collections=collections,
            states=tuple(State),
            undo=undo or (),
            **values,
        )
    answer = fragment(request, "library_tiles.html" if part.cursor else "library_results.html", **values)
    # Whoever comes back from a picture finds as much of the list as they had.
    answer.headers["HX-Replace-Url"] = query.address(shown=min(shown, SHOWN_MAX) if part.cursor else 0)
    return answer


@router.get("/library/{generation}", dependencies=[per_user(Limit.READS)])
async def detail(request: Request, deps: CurrentDeps, session: Session, generation: str) -> Response:
    """One generation: outputs, attempts, and where its credits came from and went."""
    try:
        explained = await deps.explain_generation(session.user_id, generation_id(generation))
    except NotFound:
        return await _deleted(request, deps, session, generation)
    outputs = explained.generation.outputs
    models = await deps.generations.models()
    model = model_of(models, explained.generation.model_id)
    return await show(
        request,
        "generation.html",
        session=session,
        generation=explained.generation,
        model=model,
        input_kinds=media_kinds(models),
        asked=asked_for(model, explained.generation.input),
        reservation=explained.reservation,
        lots=explained.lots,
        texts=await deps.read_texts(outputs, size_max_bytes=SHOWN_MAX_BYTES),
    )


@router.get("/library/{generation}/card", dependencies=[per_user(Limit.READS)])
async def card(
    request: Request, deps: CurrentDeps, session: Session, generation: str, pick: str = ""
) -> Response:
    """One tile as it stands now: a fragment that the page swaps in when something happened."""
    found = await deps.generations.generation(session.user_id, generation_id(generation))
    return fragment(
        request,
        "tile.html",
        generation=found,
        session=session,
        texts=await previews(deps, [found]),
        is_selectable=bool(pick),
    )


@router.post("/library/{generation}/favourite", dependencies=[per_user(Limit.CHANGES)])
async def favourite(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    generation: str,
    is_favourite: Annotated[str, Form()] = "",
    place: Annotated[str, Form()] = "tile",
) -> Response:
    """Mark it as a favourite, or no longer: where the person was again, or the heart that was pressed."""
    marked = await deps.generations.mark_favourite(
        session.user_id, generation_id(generation), is_favourite=bool(is_favourite)
    )
    if FRAGMENT in request.headers:
        return fragment(request, "favourite.html", generation=marked, session=session, place=place)
    return go(came_from(request, otherwise="/library"))


@router.post("/library/{generation}/cancel", dependencies=[per_user(Limit.CHANGES)])
async def cancel(
    request: Request, deps: CurrentDeps, session: Session, generation: str, pick: str = ""
) -> Response:
    """Stop a running one: the library again, or its tile where a part of a page asked."""
    try:
        stopped = await deps.generations.cancel(session.user_id, generation_id(generation))
    except Conflict:
        # It ended while the page was open: its tile shows how.
        if FRAGMENT in request.headers:
            return await card(request, deps, session, generation, pick)
        return go("/library", note="too-late")
    if FRAGMENT in request.headers:
        return fragment(
            request,
            "tile.html",
            generation=stopped,
            session=session,
            texts={},
            is_selectable=bool(pick),
        )
    return go("/library", note="cancelled" if stopped.status.is_final else "cancelling")


@router.get("/library/{generation}/delete", dependencies=[per_user(Limit.READS)])
async def confirm_delete(request: Request, deps: CurrentDeps, session: Session, generation: str) -> Response:
    """Ask before outputs are gone."""
    found = await deps.generations.generation(session.user_id, generation_id(generation))
    return await show(request, "delete.html", session=session, generation=found)


@router.post("/library/{generation}/delete", dependencies=[per_user(Limit.CHANGES)])
async def delete(deps: CurrentDeps, session: Session, generation: str) -> Response:
    """Hide the tile; the outputs go in some minutes, until when that can be taken back."""
    await deps.generations.discard(session.user_id, generation_id(generation))
    return go(f"/library?undo={generation}", note="deleted")


@router.post("/library/{generation}/restore", dependencies=[per_user(Limit.CHANGES)])
async def restore(deps: CurrentDeps, session: Session, generation: str) -> Response:
    """Take a deletion back."""
    await deps.generations.restore(session.user_id, generation_id(generation))
    return go("/library", note="restored")


async def _read(
    deps: Deps, session: ConsoleSession, wanted: LibraryFilter, part: LibraryPart
) -> Page[Generation]:
    """Return as many as the part asks for; the services give no more than a page at a time."""
    found: list[Generation] = []
    cursor = part.cursor
    for limit in part.limits:
        page = await deps.generations.page(session.user_id, wanted=wanted, cursor=cursor, limit=limit)
        found += page.items
        if (cursor := page.next_cursor) is None:
            break
    return Page(items=found, next_cursor=cursor)


async def previews(deps: Deps, generations: Sequence[Generation]) -> Mapping[str, Excerpt]:
    """Return the first lines of what tiles show: the first output of each."""
    shown = [generation.outputs[0] for generation in generations if generation.outputs]
    return await deps.read_texts(shown, size_max_bytes=PREVIEW_MAX_BYTES)


async def _deleted(request: Request, deps: Deps, session: ConsoleSession, generation: str) -> Response:
    """Show what the statement still says of a generation that is gone. Raises NotFound if it never was."""
    reservation = await deps.ledger.reservation(session.user_id, GenerationId(generation))
    if reservation is None:
        raise NotFound("There is no such generation.")
    lots = await deps.ledger.reservation_lots(session.user_id, reservation.reservation_id)
    return await show(request, "deleted.html", session=session, reservation=reservation, lots=lots)
