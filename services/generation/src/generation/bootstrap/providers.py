"""Who makes the media, as the settings say."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pydantic_settings import BaseSettings

from generation.adapters.outbound.answer_spool import TransactionalSpool
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.folder import opened
from generation.adapters.outbound.providers.registry import ChosenProvider
from generation.bootstrap.parts import Parts
from generation.ports.media_provider import MediaProvider
from generation.settings import WorkerSettings

ProviderSettings = Mapping[ChosenProvider, BaseSettings]


@asynccontextmanager
async def providers_of(
    settings: WorkerSettings, chosen: ProviderSettings, parts: Parts
) -> AsyncIterator[Mapping[str, MediaProvider]]:
    """Return the providers in use, by the name that models.toml uses."""
    fetch = GuardedClient(
        allow_loopback=settings.fetch_allow_loopback, size_bytes_max=settings.output_size_max_bytes
    )
    try:
        spool = TransactionalSpool(parts.units, fetch.output)
        async with opened(chosen, fetch=fetch, spool=spool) as providers:
            yield providers
    finally:
        await fetch.close()
