"""Outputs that generation keeps itself, in memory."""

from dataclasses import dataclass, field

from gateway.domain.errors import Forbidden, NotFound
from gateway.domain.identifiers import OutputId
from gateway.ports.output_contents import OutputContent


@dataclass
class MemoryOutputContents:
    """Implements OutputContents: contents by output and signature."""

    contents: dict[tuple[str, str], OutputContent] = field(default_factory=dict)
    gone: set[tuple[str, str]] = field(default_factory=set)

    async def read(self, output_id: OutputId, signature: str) -> OutputContent:
        """See OutputContents."""
        if (output_id, signature) in self.gone:
            raise NotFound("There is no such output any more.", reason="OUTPUT_NOT_FOUND")
        if (output_id, signature) not in self.contents:
            raise Forbidden("This address opens nothing, or no longer.", reason="ADDRESS_ENDED")
        return self.contents[output_id, signature]
