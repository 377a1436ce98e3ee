"""Files of outputs in memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.domain.generation import Output
from gateway.ports.output_files import OutputUnreadable


@dataclass
class MemoryOutputFiles:
    """Implements OutputFiles; a file is its parts, and None among them is where it breaks off."""

    files: dict[str, Sequence[bytes | None]] = field(default_factory=dict)
    otherwise: Sequence[bytes | None] | None = None
    """What every other file is; None: it is not there."""

    @asynccontextmanager
    async def open(self, output: Output) -> AsyncIterator[AsyncIterator[bytes]]:
        """See OutputFiles."""
        parts = self.files.get(output.output_id, self.otherwise)
        if parts is None:
            raise OutputUnreadable("it is not in the store")
        yield self._parts(parts)

    async def _parts(self, parts: Sequence[bytes | None]) -> AsyncIterator[bytes]:
        for part in parts:
            if part is None:
                raise OutputUnreadable("it broke off")
            yield part
