"""What a provider's folder holds: `settings.py` with `Settings`, and `provider.py` with `make`."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

from pydantic_settings import BaseSettings

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.registry import ChosenProvider
from generation.ports.answers import AnswerSpool
from generation.ports.media_provider import MediaProvider

# Where the gateway takes webhooks of providers.
WEBHOOK_PATH = "/webhooks/providers/"


@dataclass(frozen=True)
class Surroundings:
    """What the worker lends to a provider: its name here, a guarded way to files, and a spool.

    `webhook_url` is where the provider may tell us of its runs; None where nobody would hear it.
    """

    name: str
    fetch: GuardedClient
    spool: AnswerSpool
    webhook_url: str | None = None


class ProviderModule(Protocol):
    """`make` opens the provider with its settings; leaving the context closes what it opened."""

    make: Callable[[Any, Surroundings], AbstractAsyncContextManager[MediaProvider]]


@asynccontextmanager
async def opened(
    settings: Mapping[ChosenProvider, BaseSettings],
    *,
    fetch: GuardedClient,
    spool: AnswerSpool,
    public_url: str | None = None,
) -> AsyncIterator[Mapping[str, MediaProvider]]:
    """Open every provider in use, by the name that models.toml uses.

    `public_url` is where the gateway is for whoever is outside.
    """
    async with AsyncExitStack() as stack:
        providers = {}
        for chosen, its_settings in settings.items():
            module = cast(ProviderModule, chosen.module("provider"))
            hears = public_url is not None and chosen.has_webhook
            webhook_url = f"{public_url}{WEBHOOK_PATH}{chosen.name}" if hears else None
            around = Surroundings(chosen.name, fetch, spool, webhook_url)
            making = module.make(its_settings, around)
            providers[chosen.name] = await stack.enter_async_context(making)
        yield providers
