"""`/library/collections`: generations under names of one's own, and what each generation is in."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.languages import gettext_noop, language_of
from gateway.adapters.inbound.console.library_query import LibraryQuery
from gateway.adapters.inbound.console.page import (
    FRAGMENT,
    HtmlRoute,
    Session,
    field_errors,
    fragment,
    go,
    show,
)
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.parameters import collection_id, generation_id
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Conflict, GatewayError, InvalidRequest
from gateway.domain.generation import Generation
from gateway.domain.identifiers import CollectionId, GenerationId
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)

ALL = "/library/collections"
# What a name is refused for, which the form says.
UNNAMED = (InvalidRequest, Conflict)
_SAID = {
    "COLLECTION_NAME_TAKEN": gettext_noop("You have a collection of that name already."),
    "TOO_MANY_COLLECTIONS": gettext_noop("You have as many collections as there can be. Delete one first."),
}


@router.get(ALL, dependencies=[per_user(Limit.READS)])
async def collections(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show all of them by name, each with its cover, and the form that makes one."""
    return await _all(request, deps, session)


@router.post(ALL, dependencies=[per_user(Limit.CHANGES)])
async def make(
    request: Request, deps: CurrentDeps, session: Session, name: Annotated[str, Form()] = ""
) -> Response:
    """Make an empty one and lead to it."""
    try:
        made = await deps.collections.create_collection(session.user_id, name=name)
    except UNNAMED as refusal:
        return await _all(request, deps, session, refusal=refusal, name=name)
    return go(shown(made.collection_id), note="collection-made")


@router.get(ALL + "/{collection}", dependencies=[per_user(Limit.READS)])
async def edit(request: Request, deps: CurrentDeps, session: Session, collection: str) -> Response:
    """Show the form that renames one, and what deletes it."""
    return await _edited(request, deps, session, collection_id(collection))


@router.post(ALL + "/{collection}", dependencies=[per_user(Limit.CHANGES)])
async def rename(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    collection: str,
    name: Annotated[str, Form()] = "",
) -> Response:
    """Call it otherwise, and lead back to what is in it."""
    known = collection_id(collection)
    try:
        await deps.collections.rename_collection(session.user_id, known, name=name)
    except UNNAMED as refusal:
        return await _edited(request, deps, session, known, refusal=refusal, name=name)
    return go(shown(known), note="renamed")


@router.post(ALL + "/{collection}/delete", dependencies=[per_user(Limit.CHANGES)])
async def delete(deps: CurrentDeps, session: Session, collection: str) -> Response:
    """Delete it; what was in it stays in the library."""
    await deps.collections.delete_collection(session.user_id, collection_id(collection))
    return go(ALL, note="collection-deleted")


@router.get("/library/{generation}/collections", dependencies=[per_user(Limit.READS)])
async def choices(request: Request, deps: CurrentDeps, session: Session, generation: str) -> Response:
    """Show which collections a generation is in, and which it could be in."""
    return await _choices(request, deps, session, generation_id(generation))


@router.post("/library/{generation}/collections", dependencies=[per_user(Limit.CHANGES)])
async def choose(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    generation: str,
    collection: Annotated[str, Form()] = "",
    is_in: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    """Put it into one, a new one where a name is sent, or take it out of one."""
    known = generation_id(generation)
    if collection and not is_in:
        await deps.collections.remove_from_collection(session.user_id, collection_id(collection), [known])
    else:
        # Not there, and no collection is made for it either.
        await deps.generations.generation(session.user_id, known)
        try:
            await collect(deps, session, [known], collection=collection, name=name)
        except UNNAMED as refusal:
            return await _choices(request, deps, session, known, refusal=refusal, name=name)
    if FRAGMENT in request.headers:
        return await _choices(request, deps, session, known)
    return go(f"/library/{known}/collections", note="saved")


async def collect(
    deps: Deps, session: ConsoleSession, ids: Sequence[GenerationId], *, collection: str, name: str
) -> CollectionId:
    """Put generations into a collection, a new one of that name where none is chosen; return which.

    Raises InvalidRequest and Conflict for a name that can't be.
    """
    if collection:
        chosen = collection_id(collection)
    else:
        made = await deps.collections.create_collection(session.user_id, name=name)
        chosen = made.collection_id
    await deps.collections.add_to_collection(session.user_id, chosen, ids)
    return chosen


async def selected_choices(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    generations: Sequence[Generation],
    *,
    refusal: GatewayError | None = None,
    name: str = "",
) -> Response:
    """Show the collections that what is selected can be put into."""
    return await show(
        request,
        "collect_selected.html",
        session=session,
        refusal=refusal,
        problem=_said(request, refusal),
        generations=generations,
        collections=await deps.collections.collections(session.user_id),
        name=name,
    )


def shown(collection: CollectionId) -> str:
    """Return the address of what is in a collection."""
    return LibraryQuery(collection=collection).address()


async def _all(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    *,
    refusal: GatewayError | None = None,
    name: str = "",
) -> Response:
    return await show(
        request,
        "collections.html",
        session=session,
        refusal=refusal,
        problem=_said(request, refusal),
        collections=await deps.collections.collections(session.user_id),
        name=name,
    )


async def _edited(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    collection: CollectionId,
    *,
    refusal: GatewayError | None = None,
    name: str | None = None,
) -> Response:
    found = await deps.collections.collection(session.user_id, collection)
    return await show(
        request,
        "collection.html",
        session=session,
        refusal=refusal,
        problem=_said(request, refusal),
        collection=found,
        name=found.name if name is None else name,
    )


async def _choices(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    generation: GenerationId,
    *,
    refusal: GatewayError | None = None,
    name: str = "",
) -> Response:
    holding = await deps.collections.collections(session.user_id, holding=generation)
    values: dict[str, Any] = {
        "generation": await deps.generations.generation(session.user_id, generation),
        "collections": await deps.collections.collections(session.user_id),
        "held_in": {each.collection_id for each in holding},
        "name": name,
    }
    if FRAGMENT in request.headers:
        return fragment(
            request,
            "collection_choices.html",
            session=session,
            problem=_said(request, refusal),
            errors=field_errors(language_of(request), refusal) if refusal else {},
            **values,
        )
    return await show(
        request, "collect.html", session=session, refusal=refusal, problem=_said(request, refusal), **values
    )


def _said(request: Request, refusal: GatewayError | None) -> str | None:
    """Return what a person reads about a name that can't be."""
    if refusal is None:
        return None
    known = _SAID.get(refusal.reason)
    return language_of(request).say(known) if known else refusal.detail
