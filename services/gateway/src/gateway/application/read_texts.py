"""What the texts among outputs say, for a page that shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.application.side_by_side import side_by_side
from gateway.domain.generation import Output
from gateway.ports.text_outputs import Excerpt, TextOutputs

SHOWN_MAX_BYTES = 64 * 1024
PREVIEW_MAX_BYTES = 1_024


@dataclass(frozen=True)
class ReadTextsHandler:
    """Reads the beginnings of several texts side by side."""

    texts: TextOutputs

    async def __call__(self, outputs: Sequence[Output], *, size_max_bytes: int) -> Mapping[str, Excerpt]:
        """Return texts by their outputs' ids; what is no text or can't be read now is left out."""

        async def read(output: Output) -> Excerpt | None:
            return await self.texts.read(output, size_max_bytes=size_max_bytes)

        texts = [output for output in outputs if output.is_text]
        excerpts = await side_by_side(read, texts)
        return {
            output.output_id: excerpt
            for output, excerpt in zip(texts, excerpts, strict=True)
            if excerpt is not None
        }
