"""What a list of generations can be asked for, one query parameter each."""

from typing import Annotated

from fastapi import Query

from gateway.adapters.inbound.rest.parameters import Since, Until, collection_id
from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.generation import GenerationStatus, LibraryFilter, Modality
from gateway.domain.identifiers import ModelId

SEARCH_LENGTH_MAX = 200
MODEL_LENGTH_MAX = 120

Statuses = Annotated[
    list[GenerationStatus] | None,
    Query(max_length=len(GenerationStatus), description="Only these; all without."),
]
ModelWanted = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=MODEL_LENGTH_MAX,
        description="Only of this model.",
        examples=["local/sketch"],
    ),
]
ModalityWanted = Annotated[Modality | None, Query(description="Only what comes out as this.")]
Favourite = Annotated[bool, Query(description="Only favourites.")]
CollectionWanted = Annotated[
    str | None,
    Query(description="Only what this collection holds.", examples=["col_019324a1b2c37def8a9b0c1d2e3f4a62"]),
]
Search = Annotated[
    str | None,
    Query(
        max_length=SEARCH_LENGTH_MAX,
        description="Words, or parts of them, that must all be in the prompt: in any order, whatever "
        "their case and accents.",
        examples=["heron reed"],
    ),
]


async def library_filter(
    status: Statuses = None,
    model: ModelWanted = None,
    modality: ModalityWanted = None,
    since: Since = None,
    until: Until = None,
    favourite: Favourite = False,
    search: Search = None,
    collection: CollectionWanted = None,
) -> LibraryFilter:
    """Return what is meant. Raises InvalidRequest for what no service could look for, and NotFound."""
    if since and until and since >= until:
        raise _wrong("to", "must be later than from")
    if search and "\x00" in search:
        raise _wrong("search", "holds a NUL character")
    return LibraryFilter(
        statuses=tuple(status or ()),
        model_id=ModelId(model) if model else None,
        modality=modality,
        created_from=since,
        created_before=until,
        favourites_only=favourite,
        search=search or None,
        collection_id=collection_id(collection) if collection is not None else None,
    )


def _wrong(field: str, detail: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: {detail}", fields=[FieldProblem(field, detail)])
