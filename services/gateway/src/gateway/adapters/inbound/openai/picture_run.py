"""A picture that is streamed: begun with one model or the next, and told of until it is there."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from fastapi import Request

from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.left import unless_left
from gateway.adapters.inbound.openai.chat_run import HEARTBEAT, HEARTBEAT_S
from gateway.adapters.inbound.openai.media import Wanted, asked, available, keyed
from gateway.adapters.inbound.openai.model_input import in_their_words
from gateway.application.run_generation import RunGeneration
from gateway.application.watcher import Watcher
from gateway.domain.errors import GenerationFailed, InvalidRequest, NotFound
from gateway.domain.generation import Generation
from gateway.domain.preview import Preview
from gateway.domain.user import Principal

Told = Literal["heartbeat"] | Preview | Generation


class PictureRun:
    """A picture that has begun; what is told of it is read once."""

    def __init__(
        self,
        accepted: Generation,
        running: asyncio.Task[tuple[Generation, bool]],
        watcher: Watcher,
        credits_left: Coroutine[Any, Any, int | None],
    ) -> None:
        self.accepted = accepted
        self.watcher = watcher
        # Asked for beside it: nobody waits for the ledger.
        self.credits_left = asyncio.ensure_future(credits_left)
        self._running = running

    async def first(self, wait_s: float) -> None:
        """Wait for a preview or the end, not for longer than this. Raises as `told` where it made nothing."""
        await self._news(wait_s)
        if self._running.done():
            _result(self._running)

    async def told(self) -> AsyncGenerator[Told, None]:
        """Deliver previews as they come, heartbeats while none does, and the generation with the picture.

        Raises what `RunGenerationHandler` raises; after that nothing is shown.
        """
        while not self._running.done():
            is_silent = not await self._news(HEARTBEAT_S)
            if self._running.done():
                break
            if is_silent:
                yield HEARTBEAT
            while self.watcher.previews:
                yield self.watcher.previews.popleft()
        ended = _result(self._running)
        while self.watcher.previews:
            yield self.watcher.previews.popleft()
        yield ended

    async def _news(self, wait_s: float) -> bool:
        """Wait for a preview that nobody took yet, or the end; return whether there is either."""
        if self.watcher.previews:
            return True
        self.watcher.told.clear()
        telling = asyncio.ensure_future(self.watcher.told.wait())
        try:
            done, _ = await asyncio.wait(
                {self._running, telling}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            telling.cancel()
        return bool(done)

    async def close(self) -> None:
        """Leave it: what has not ended is cancelled, unless its client may come back for it."""
        self.credits_left.cancel()
        await _left(self._running)


async def begun(
    request: Request, deps: Deps, principal: Principal, key: str, wanted: Wanted, *, previews_max: int
) -> PictureRun:
    """Begin with the first model that is there and does not fail at once.

    Raises what the last one was refused for; a client that leaves raises ClientDisconnect.
    """

    async def of(place: int, name: str) -> PictureRun:
        command = await asked(request, deps, principal, keyed(key, place), wanted, name)
        return await _begun(deps, replace(command, watcher=Watcher(previews_max=previews_max)))

    *others, last = enumerate(wanted.models)
    for place, name in others:
        with suppress(GenerationFailed, NotFound):
            return await unless_left(request, of(place, name))
    return await unless_left(request, of(*last))


async def _begun(deps: Deps, command: RunGeneration) -> PictureRun:
    watcher = command.watcher or Watcher()
    running = asyncio.ensure_future(deps.run_generation(command))
    beginning = asyncio.ensure_future(watcher.told.wait())
    run: PictureRun | None = None
    try:
        await asyncio.wait({running, beginning}, return_when=asyncio.FIRST_COMPLETED)
        accepted = watcher.generation or _result(running)
        run = PictureRun(accepted, running, watcher, available(deps, accepted))
        # What fails at once can still be answered with a status, and asked of the next model.
        await run.first(HEARTBEAT_S)
    except BaseException:
        await (run.close() if run else _left(running))
        raise
    finally:
        beginning.cancel()
    return run


async def _left(running: asyncio.Task[tuple[Generation, bool]]) -> None:
    running.cancel()
    await asyncio.wait({running})
    if not running.cancelled():
        # It is told already, or nobody is there to hear it.
        running.exception()


def _result(running: asyncio.Task[tuple[Generation, bool]]) -> Generation:
    try:
        return running.result()[0]
    except InvalidRequest as refusal:
        raise in_their_words(refusal) from refusal
