"""Takes outputs in through a temporary file: bounded, hashed, sniffed and decoded."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from generation.adapters.outbound.media_inspection import inspect
from generation.domain.model import Modality
from generation.ports.media_intake import OutputUnusable, ReceivedMedia
from generation.ports.media_provider import RunOutput


@dataclass(frozen=True)
class FileIntake:
    """`size_bytes_max` bounds a file; decoding runs in a thread."""

    size_bytes_max: int
    folder: Path | None = None

    @asynccontextmanager
    async def receive(self, output: RunOutput, *, modality: Modality) -> AsyncIterator[ReceivedMedia]:
        with tempfile.TemporaryDirectory(prefix="tintype-", dir=self.folder) as folder:
            path = Path(folder) / "output"
            size_bytes, sha256 = await self._write(output, path)
            facts = await asyncio.to_thread(inspect, path, modality=modality)
            yield ReceivedMedia(
                path=path,
                media_type=facts.media_type,
                extension=facts.extension,
                size_bytes=size_bytes,
                sha256=sha256,
                width=facts.width,
                height=facts.height,
                duration_s=facts.duration_s,
            )

    async def _write(self, output: RunOutput, path: Path) -> tuple[int, str]:
        size_bytes, sha256 = 0, hashlib.sha256()
        # Small pieces into the page cache: a thread for each would cost more than it frees.
        with path.open("wb") as file:
            async for piece in output.stream():
                size_bytes += len(piece)
                if size_bytes > self.size_bytes_max:
                    raise OutputUnusable(f"the file is larger than {self.size_bytes_max} bytes")
                sha256.update(piece)
                file.write(piece)
        if not size_bytes:
            raise OutputUnusable("the file is empty")
        return size_bytes, sha256.hexdigest()
