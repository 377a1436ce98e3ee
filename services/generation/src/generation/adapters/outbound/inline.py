"""Files that are already here."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

PIECE_BYTES = 256 * 1024


@dataclass(frozen=True)
class InlineOutput:
    """A provider's answer that carries the bytes themselves."""

    content: bytes

    async def stream(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.content), PIECE_BYTES):
            yield self.content[start : start + PIECE_BYTES]
