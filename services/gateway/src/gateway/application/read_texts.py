"""What the texts among outputs say, for a page that shows them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.domain.generation import Output
from gateway.ports.text_outputs import Excerpt, TextOutputs

AT_ONCE_MAX = 8
SHOWN_MAX_BYTES = 64 * 1024
PREVIEW_MAX_BYTES = 1_024


@dataclass(frozen=True)
class ReadTextsHandler:
    """Reads the beginnings of several texts side by side."""

    texts: TextOutputs

    async def __call__(self, outputs: Sequence[Output], *, size_max_bytes: int) -> Mapping[str, Excerpt]:
        """Return texts by their outputs' ids; what is no text or can't be read now is left out."""
        places = asyncio.Semaphore(AT_ONCE_MAX)

        async def read(output: Output) -> Excerpt | None:
            async with places:
                return await self.texts.read(output, size_max_bytes=size_max_bytes)

        texts = [output for output in outputs if output.is_text]
        excerpts = await asyncio.gather(*(read(output) for output in texts))
        return {
            output.output_id: excerpt
            for output, excerpt in zip(texts, excerpts, strict=True)
            if excerpt is not None
        }
