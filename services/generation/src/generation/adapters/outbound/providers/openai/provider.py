"""Images and chat through the official SDK."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from generation.adapters.outbound.in_call import InCallProvider
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.openai.caller import OpenAICaller
from generation.adapters.outbound.providers.openai.settings import Settings
from generation.ports.answers import AnswerSpool


class OpenAIProvider(InCallProvider):
    """Calls that workers follow, and chats that are passed on as they come."""

    capabilities = replace(InCallProvider.capabilities, interactive=True, previews=True)

    def __init__(self, caller: OpenAICaller, spool: AnswerSpool, *, name: str) -> None:
        super().__init__(caller, spool, name=name)
        # A chat that is passed on has nobody who would ask for it later: it is not spooled.
        self.chat = caller.chat


@asynccontextmanager
async def make(settings: Settings, around: Surroundings) -> AsyncIterator[OpenAIProvider]:
    """OpenAI, or whoever speaks its API at `base_url`, until the context ends.

    It has neither an idempotency key nor a look-up: a call that breaks after it was sent may have been
    billed, and is not made again (InCallProvider says what a killed worker loses).
    """
    caller = OpenAICaller(
        base_url=str(settings.base_url),
        api_key=settings.api_key.get_secret_value(),
        fetch=around.fetch,
        timeout_s=settings.timeout_s,
    )
    provider = OpenAIProvider(caller, around.spool, name=around.name)
    try:
        yield provider
    finally:
        await provider.close()
