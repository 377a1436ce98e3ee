"""Images and chat through the official SDK."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from generation.adapters.outbound.in_call import InCallProvider
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.openai.caller import OpenAICaller
from generation.adapters.outbound.providers.openai.settings import Settings


@asynccontextmanager
async def make(settings: Settings, around: Surroundings) -> AsyncIterator[InCallProvider]:
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
    provider = InCallProvider(caller, around.spool, name=around.name)
    try:
        yield provider
    finally:
        await provider.close()
