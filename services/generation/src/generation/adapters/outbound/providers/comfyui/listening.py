"""Hears on a WebSocket how far runs are. Whatever becomes of it, a run's end is found by asking."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from generation.adapters.outbound.providers.comfyui.advance import Advance

RUNS_MAX = 64
OPEN_TIMEOUT_S = 5.0
# Previews are pictures of half a thousand pixels; a graph's outputs are words.
MESSAGE_BYTES_MAX = 4_000_000
log = structlog.get_logger(__name__)


class Straight(connect):
    """Connects to where it was told to, with our key in hand, and to nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Follow none."""
        return exc


@dataclass
class Heard:
    """One run's socket."""

    advance: Advance
    listening: asyncio.Task[None]


class Listener:
    """A socket for each run, under the run's id as the client's: whichever worker follows a run hears of it.

    A socket that breaks is opened again when the run is looked at the next time. Past `RUNS_MAX` the oldest
    is let go.
    """

    def __init__(self, base_url: str, headers: Mapping[str, str]) -> None:
        url = httpx.URL(base_url)
        scheme = "wss" if url.scheme == "https" else "ws"
        self._url = url.copy_with(scheme=scheme, path=f"{url.path.rstrip('/')}/ws")
        self._headers = headers
        self._runs: OrderedDict[str, Heard] = OrderedDict()

    def follow(self, run_id: str, weights: Mapping[str, int]) -> None:
        """Hear of a run from now on, unless it is heard of already."""
        before = self._runs.get(run_id)
        if before is not None and not before.listening.done():
            return
        # What was heard before a socket broke is as true as it was.
        advance = before.advance if before else Advance(run_id, weights)
        if not advance.is_over:
            self._runs[run_id] = Heard(advance, asyncio.create_task(self._listen(run_id, advance)))
        while len(self._runs) > RUNS_MAX:
            self.drop(next(iter(self._runs)))

    def share(self, run_id: str) -> float:
        """How far the run is, as far as anybody has said."""
        heard = self._runs.get(run_id)
        return heard.advance.share if heard else 0.0

    def drop(self, run_id: str) -> None:
        """Hear of a run no more."""
        if (heard := self._runs.pop(run_id, None)) is not None:
            heard.listening.cancel()

    async def close(self) -> None:
        """Close every socket."""
        listening = [heard.listening for heard in self._runs.values()]
        for run_id in list(self._runs):
            self.drop(run_id)
        await asyncio.gather(*listening, return_exceptions=True)

    async def _listen(self, run_id: str, advance: Advance) -> None:
        url = str(self._url.copy_merge_params({"clientId": run_id}))
        try:
            async with Straight(
                url,
                additional_headers=self._headers,
                open_timeout=OPEN_TIMEOUT_S,
                max_size=MESSAGE_BYTES_MAX,
                proxy=None,
            ) as socket:
                async for message in socket:
                    # Pictures come as bytes: there is nobody to show them to.
                    if isinstance(message, str):
                        advance.hear(json.loads(message))
                    if advance.is_over:
                        return
        except (OSError, TimeoutError, WebSocketException, ValueError, RecursionError) as error:
            log.debug("nothing is heard of a run", run_id=run_id, error=type(error).__name__)
