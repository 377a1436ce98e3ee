"""Collections of generations: make, list, rename, delete, fill and empty."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.collection import Collection, CollectionList
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import (
    CollectionPath,
    GenerationPath,
    collection_id,
    generation_id,
    generation_ids,
)
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.domain.collection import GENERATIONS_MAX
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/collections", tags=["generations"], route_class=JsonRoute)

# More than any name may have, for the spaces around it: the service says what is wrong with what is left.
_NAME_LENGTH_MAX = 1_000
_ID_LENGTH_MAX = 64
_STORE: Reasons = {503: ("STORAGE_UNAVAILABLE",)}
_NOT_FOUND: Reasons = {404: ("COLLECTION_NOT_FOUND",), **_STORE}
_NAMED: Reasons = {409: ("COLLECTION_NAME_TAKEN",), 422: ("INVALID_INPUT",)}
_CHANGED: Reasons = {404: ("COLLECTION_NOT_FOUND", "NOT_FOUND"), **_STORE}


class CollectionBody(Body):
    """What a collection is called."""

    name: Annotated[str, Field(max_length=_NAME_LENGTH_MAX, examples=["Album covers"])]
    """1 to 80 characters, none of them a control character; spaces around them are left out."""


class GenerationsBody(Body):
    """Which generations are meant."""

    generations: Annotated[
        list[Annotated[str, Field(max_length=_ID_LENGTH_MAX)]],
        Field(min_length=1, max_length=GENERATIONS_MAX, examples=[["gen_019324a1b2c37def8a9b0c1d2e3f4a5b"]]),
    ]
    """1 to 100 ids of generations."""


@router.get("", dependencies=[per_user(Limit.READS)], responses=refuses({404: ("NOT_FOUND",), **_STORE}))
async def list_collections(
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    generation: Annotated[
        str | None,
        Query(
            description="Only those that hold this generation.",
            examples=["gen_019324a1b2c37def8a9b0c1d2e3f4a5b"],
        ),
    ] = None,
) -> CollectionList:
    """List the caller's collections by name, each with its cover."""
    holding = generation_id(generation) if generation is not None else None
    collections = await deps.collections.collections(principal.user_id, holding=holding)
    return CollectionList.of(collections, Collection.of)


@router.post(
    "",
    status_code=201,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({**_STORE, **_NAMED, 409: ("COLLECTION_NAME_TAKEN", "TOO_MANY_COLLECTIONS")}),
)
async def create_collection(
    body: CollectionBody, principal: CurrentPrincipal, deps: CurrentDeps
) -> Collection:
    """Make an empty one; each name is there once, whatever the case."""
    made = await deps.collections.create_collection(principal.user_id, name=body.name)
    return Collection.of(made)


@router.get("/{collection}", dependencies=[per_user(Limit.READS)], responses=refuses(_NOT_FOUND))
async def read_collection(
    collection: CollectionPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> Collection:
    """Read one; what is in it, `GET /v1/generations?collection=` lists."""
    return Collection.of(await deps.collections.collection(principal.user_id, collection_id(collection)))


@router.patch(
    "/{collection}", dependencies=[per_user(Limit.CHANGES)], responses=refuses({**_NOT_FOUND, **_NAMED})
)
async def rename_collection(
    collection: CollectionPath, body: CollectionBody, principal: CurrentPrincipal, deps: CurrentDeps
) -> Collection:
    """Give it another name; what is in it stays."""
    renamed = await deps.collections.rename_collection(
        principal.user_id, collection_id(collection), name=body.name
    )
    return Collection.of(renamed)


@router.delete(
    "/{collection}",
    status_code=204,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses(_NOT_FOUND),
)
async def delete_collection(
    collection: CollectionPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> Response:
    """Delete it; the generations that were in it stay."""
    await deps.collections.delete_collection(principal.user_id, collection_id(collection))
    return Response(status_code=204)


@router.post(
    "/{collection}/generations",
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({**_CHANGED, 422: ("INVALID_INPUT",)}),
)
async def add_generations(
    collection: CollectionPath, body: GenerationsBody, principal: CurrentPrincipal, deps: CurrentDeps
) -> Collection:
    """Put up to 100 generations in, all or none; again changes nothing."""
    changed = await deps.collections.add_to_collection(
        principal.user_id, collection_id(collection), generation_ids(body.generations)
    )
    return Collection.of(changed)


@router.post(
    "/{collection}/generations/remove",
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({**_CHANGED, 422: ("INVALID_INPUT",)}),
)
async def remove_generations(
    collection: CollectionPath, body: GenerationsBody, principal: CurrentPrincipal, deps: CurrentDeps
) -> Collection:
    """Take up to 100 generations out, all or none; they stay in the library."""
    changed = await deps.collections.remove_from_collection(
        principal.user_id, collection_id(collection), generation_ids(body.generations)
    )
    return Collection.of(changed)


@router.put(
    "/{collection}/generations/{generation}",
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses(_CHANGED),
)
async def add_generation(
    collection: CollectionPath, generation: GenerationPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> Collection:
    """Put one generation in; again changes nothing."""
    changed = await deps.collections.add_to_collection(
        principal.user_id, collection_id(collection), [generation_id(generation)]
    )
    return Collection.of(changed)


@router.delete(
    "/{collection}/generations/{generation}",
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses(_CHANGED),
)
async def remove_generation(
    collection: CollectionPath, generation: GenerationPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> Collection:
    """Take one generation out; it stays in the library, and again changes nothing."""
    changed = await deps.collections.remove_from_collection(
        principal.user_id, collection_id(collection), [generation_id(generation)]
    )
    return Collection.of(changed)
