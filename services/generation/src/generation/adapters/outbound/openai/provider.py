"""Images and chat through the official SDK."""

from collections.abc import Callable

from openai import AsyncOpenAI, OpenAIError

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.in_call import InCallProvider
from generation.adapters.outbound.openai.chat import write_text
from generation.adapters.outbound.openai.failures import failed
from generation.adapters.outbound.openai.images import draw_images
from generation.ports.answers import AnswerSpool
from generation.ports.media_provider import Run, RunReport

TIMEOUT_S = 150.0


class OpenAICaller:
    """`base_url` and `api_key` say who answers; the SDK's own retries are off."""

    def __init__(self, *, base_url: str, api_key: str, fetch: GuardedClient) -> None:
        self._client = AsyncOpenAI(base_url=base_url, api_key=api_key, max_retries=0, timeout=TIMEOUT_S)
        self._fetch = fetch

    async def call(self, run: Run, advance: Callable[[float], None]) -> RunReport:
        """One call; a refusal or a broken connection is a failed run."""
        try:
            if "max_tokens" in run.input:
                return await write_text(self._client, run, advance)
            return await draw_images(self._client, run, self._fetch)
        except OpenAIError as error:
            return failed(error)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


class OpenAIProvider(InCallProvider):
    """OpenAI, or whoever speaks its API at `base_url`."""

    def __init__(self, *, base_url: str, api_key: str, fetch: GuardedClient, spool: AnswerSpool) -> None:
        super().__init__(OpenAICaller(base_url=base_url, api_key=api_key, fetch=fetch), spool, name="openai")
