"""Whoever says what is not to be made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openai import AsyncOpenAI

from generation.adapters.outbound.openai_moderation import OpenAIModeration
from generation.adapters.outbound.word_list import WordList
from generation.ports.moderation import Moderation
from generation.settings import WorkerSettings


def word_list_of(settings: WorkerSettings) -> WordList | None:
    """Read the operator's words, where they are what counts. Raises BadWordList."""
    if settings.moderation != "words" or settings.moderation_words_file is None:
        return None
    return WordList.read(settings.moderation_words_file)


@asynccontextmanager
async def moderation_of(settings: WorkerSettings) -> AsyncIterator[Moderation | None]:
    """Open what the settings name until the context ends; None where everything may be made."""
    if settings.moderation != "openai" or settings.moderation_api_key is None:
        yield word_list_of(settings)
        return
    client = AsyncOpenAI(
        base_url=str(settings.moderation_base_url),
        api_key=settings.moderation_api_key.get_secret_value(),
        max_retries=0,
        timeout=settings.moderation_timeout_s,
    )
    async with client:
        yield OpenAIModeration(client, model=settings.moderation_model)
