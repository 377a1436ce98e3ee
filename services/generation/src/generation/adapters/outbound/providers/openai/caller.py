"""One call through the official SDK, whose own retries are off."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from openai import AsyncOpenAI, OpenAIError

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.openai.chat import write_text
from generation.adapters.outbound.providers.openai.conversing import conversing
from generation.adapters.outbound.providers.openai.dialects import Dialects
from generation.adapters.outbound.providers.openai.failures import failed
from generation.adapters.outbound.providers.openai.images import draw_images, edit_images
from generation.adapters.outbound.providers.openai.speech import speak
from generation.ports.chat_provider import ChatCall, ChatStream
from generation.ports.media_provider import Run, RunReport


class OpenAICaller:
    """`base_url` and `api_key` say who answers."""

    def __init__(self, *, base_url: str, api_key: str, fetch: GuardedClient, timeout_s: float) -> None:
        self._client = AsyncOpenAI(base_url=base_url, api_key=api_key, max_retries=0, timeout=timeout_s)
        self._fetch = fetch
        self._dialects = Dialects()

    async def call(self, run: Run, advance: Callable[[float], None]) -> RunReport:
        """How the call ended; a refusal or a broken connection is a failed run."""
        try:
            if "max_tokens" in run.input:
                return await write_text(self._client, run, advance, self._dialects)
            if "voice" in run.input:
                return await speak(self._client, run)
            if "images" in run.input:
                return await edit_images(self._client, run, self._fetch, advance)
            return await draw_images(self._client, run, self._fetch, advance)
        except OpenAIError as error:
            return failed(error)

    def chat(self, call: ChatCall) -> AbstractAsyncContextManager[ChatStream]:
        """See ChatProvider."""
        return conversing(self._client, call, self._dialects)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
