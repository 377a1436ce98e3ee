"""A part of a list, and where the next part begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

LIMIT_MAX = 100
LIMIT_DEFAULT = 20


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Item]):
    """Some items in order; `next_cursor` is None on the last page and opaque otherwise."""

    items: Sequence[Item]
    next_cursor: str | None = None
