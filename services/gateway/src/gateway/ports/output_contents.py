"""Outputs that generation keeps itself, and not in the store."""

from dataclasses import dataclass
from typing import Protocol

from gateway.domain.identifiers import OutputId


@dataclass(frozen=True, kw_only=True)
class OutputContent:
    """A text of a few kilobytes, and what is said with it; `sha256` is of it, in hexadecimal digits."""

    content: bytes
    media_type: str
    sha256: str
    file_name: str


class OutputContents(Protocol):
    """Every method has a deadline and raises errors of `gateway.domain.errors`."""

    async def read(self, output_id: OutputId, signature: str) -> OutputContent:
        """Read an output for whoever has its signature.

        Raises Forbidden (ADDRESS_ENDED) where that is none, or no longer; NotFound (OUTPUT_NOT_FOUND).
        """
        ...
