"""What is written in outputs that are texts."""

from dataclasses import dataclass
from typing import Protocol

from gateway.domain.generation import Output


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """The beginning of a text, and whether that is all of it."""

    text: str
    is_whole: bool


class TextOutputs(Protocol):
    """Reads stored texts."""

    async def read(self, output: Output, *, size_max_bytes: int) -> Excerpt | None:
        """Read the beginning of an output; None when the store can't say now. Never raises."""
        ...
