"""Texts of outputs in memory."""

from dataclasses import dataclass, field

from gateway.domain.generation import Output
from gateway.ports.text_outputs import Excerpt


@dataclass
class MemoryTextOutputs:
    """Implements TextOutputs; a text that is not there is one that the store can't say now."""

    texts: dict[str, str] = field(default_factory=dict)

    async def read(self, output: Output, *, size_max_bytes: int) -> Excerpt | None:
        """See TextOutputs."""
        text = self.texts.get(output.output_id)
        if text is None:
            return None
        stored = text.encode()
        cut = stored[:size_max_bytes].decode(errors="ignore")
        return Excerpt(text=cut, is_whole=len(stored) <= size_max_bytes)
