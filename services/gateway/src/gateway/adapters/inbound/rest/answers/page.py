"""A part of a list."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, Self, TypeVar

from pydantic import ConfigDict, Field

from gateway.adapters.inbound.rest.answers.answer import Answer
from gateway.domain import page as domain

Shown = TypeVar("Shown", bound=Answer)
Item = TypeVar("Item")


class Page(Answer, Generic[Shown]):
    """A part of a list; each noun has its own subclass, whose name is the schema's."""

    # Pydantic looks for the docstrings of `Page[Entry]` where it is written, not here.
    model_config = ConfigDict(use_attribute_docstrings=False)

    data: Annotated[
        list[Shown],
        Field(
            description="At most as many as `limit` asked for.",
            json_schema_extra={"maxItems": domain.LIMIT_MAX},
        ),
    ]
    next_cursor: Annotated[
        str | None,
        Field(
            description="Opaque: send it as `cursor` for the next part. Null on the last one.",
            examples=[None, "eyJhZnRlciI6MTJ9"],
        ),
    ]

    @classmethod
    def of(cls, page: domain.Page[Item], show: Callable[[Item], Shown]) -> Self:
        """Show a part."""
        return cls(data=[show(item) for item in page.items], next_cursor=page.next_cursor)


class Whole(Answer, Generic[Shown]):
    """A short list, whole; each noun has its own subclass, whose name is the schema's."""

    model_config = ConfigDict(use_attribute_docstrings=False)

    data: Annotated[list[Shown], Field(description="All of them.")]
    next_cursor: Annotated[None, Field(description="Always null: there is no other part.", examples=[None])]

    @classmethod
    def of(cls, items: Sequence[Item], show: Callable[[Item], Shown]) -> Self:
        """Show them all."""
        return cls(data=[show(item) for item in items], next_cursor=None)
