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

    @asynccontextmanager
    async def open(self, output: Output) -> AsyncIterator[AsyncIterator[bytes]]:
        """See OutputFiles."""
        if output.output_id not in self.files:
            raise OutputUnreadable("it is not in the store")
        yield self._parts(self.files[output.output_id])

    async def _parts(self, parts: Sequence[bytes | None]) -> AsyncIterator[bytes]:
        for part in parts:
            if part is None:
                raise OutputUnreadable("it broke off")
            yield part
