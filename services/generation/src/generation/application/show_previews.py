"""Shows a picture that is being made to whoever waits for it; its job never hears of that."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from generation.domain.model import Modality
from generation.domain.token_usage import PictureTokens
from generation.ports.media_intake import IntakeUnavailable, MediaIntake, OutputUnusable
from generation.ports.media_provider import Preview

# As a message between processes: what is larger is not shown.
PREVIEW_BYTES_MAX = 12 * 1024 * 1024
# A picture that is there does not wait longer for what it looked like before.
COUNT_WITHIN_S = 5.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class ShownPreview:
    """A preview that was looked into as outputs are; they are numbered from 0 in the order they are shown."""

    index: int
    content: bytes = field(repr=False)
    media_type: str
    width: int
    height: int


class Showing:
    """At most `most` previews of one job, between who makes them and who listens. Nothing here is kept.

    What can't be decoded, is too large, or comes too late is left out: it costs nothing and harms nothing.
    """

    def __init__(self, intake: MediaIntake, most: int) -> None:
        self.most = most
        # What the provider counted, once it has said so.
        self.tokens: PictureTokens | None = None
        self.shown_count = 0
        self._intake = intake
        self._offered: asyncio.Queue[Preview] = asyncio.Queue(most)
        self._ready: deque[ShownPreview] = deque()
        self._changed = asyncio.Event()
        self._is_closed = False

    def offer(self, preview: Preview) -> None:
        """Have one shown, if there is room for it. Never raises."""
        size_bytes = len(preview.content)
        if self._is_closed or not 0 < size_bytes <= PREVIEW_BYTES_MAX or self._offered.full():
            log.info("preview left out", size_bytes=size_bytes)
            return
        self._offered.put_nowait(preview)

    async def look(self) -> None:
        """Look into what is offered, until cancelled: a stranger's bytes leave only as pictures."""
        while True:
            preview = await self._offered.get()
            try:
                await self._look_into(preview)
            except (OutputUnusable, IntakeUnavailable) as unusable:
                log.warning("preview left out", error=str(unusable))
            except Exception:
                # Whatever it makes our own code do is its own fault alone.
                log.exception("preview left out")
            finally:
                self._offered.task_done()

    async def counted(self, *, within_s: float = COUNT_WITHIN_S) -> int:
        """Return how many were shown, once the last was looked into or a moment is over; close it.

        The moment is no longer than `within_s`.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(0 if self._is_closed else min(within_s, COUNT_WITHIN_S)):
                await self._offered.join()
        self.close()
        return self.shown_count

    def close(self) -> None:
        """Show nothing more."""
        self._is_closed = True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[ShownPreview]:
        """Yield them as they can be shown, until it is closed."""
        while True:
            while self._ready:
                yield self._ready.popleft()
            if self._is_closed:
                return
            self._changed.clear()
            await self._changed.wait()

    async def _look_into(self, preview: Preview) -> None:
        async with self._intake.receive(preview, modality=Modality.IMAGE) as media:
            if self._is_closed or self.shown_count >= self.most:
                return
            shown = ShownPreview(
                index=self.shown_count,
                content=preview.content,
                media_type=media.media_type,
                width=media.width,
                height=media.height,
            )
            # At once: what is shown is counted, whatever becomes of the file.
            self._ready.append(shown)
            self.shown_count += 1
            self._changed.set()
