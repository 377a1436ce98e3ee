"""Generations under a name."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, CollectionId, Moment, shown
from gateway.adapters.inbound.rest.answers.output import Output
from gateway.adapters.inbound.rest.answers.page import Whole
from gateway.domain import collection as domain


class Collection(Answer):
    """Generations that their user put together under a name."""

    id: CollectionId
    name: Annotated[str, shown("Album covers", minLength=1, maxLength=80)]
    """The user's own word for it; each is there once, whatever the case."""
    generation_count: Annotated[int, shown(12, minimum=0)]
    """How many generations are in it."""
    cover: Output | None
    """The newest picture, or film by its first frame, that is in it; null while there is none."""
    created_at: Moment

    @classmethod
    def of(cls, collection: domain.Collection) -> Self:
        """Show a collection."""
        return cls(
            id=collection.collection_id,
            name=collection.name,
            generation_count=collection.generation_count,
            cover=Output.of(collection.cover) if collection.cover else None,
            created_at=collection.created_at,
        )


class CollectionList(Whole[Collection]):
    """The collections of a user, by name."""
