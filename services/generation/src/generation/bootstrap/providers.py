"""Who makes the media, as the settings say."""

from contextlib import AsyncExitStack

from generation.bootstrap.parts import Parts
from generation.ports.media_provider import MediaProvider
from generation.settings import WorkerSettings


def providers_of(settings: WorkerSettings, parts: Parts, stack: AsyncExitStack) -> dict[str, MediaProvider]:
    """The providers that are set up, by the name that models.toml uses."""
    # Imported here, so that the API never loads what draws and decodes.
    from generation.adapters.outbound.providers.local.provider import LocalProvider

    local = LocalProvider(threads=settings.local_threads)
    stack.callback(local.close)
    providers: dict[str, MediaProvider] = {"local": local}
    if settings.openai_base_url and settings.openai_api_key:
        from generation.adapters.outbound.answer_spool import TransactionalSpool
        from generation.adapters.outbound.guarded_fetch import GuardedClient
        from generation.adapters.outbound.providers.openai.provider import OpenAIProvider

        fetch = GuardedClient(
            allow_loopback=settings.fetch_allow_loopback, size_bytes_max=settings.output_size_max_bytes
        )
        stack.push_async_callback(fetch.close)
        openai = OpenAIProvider(
            base_url=str(settings.openai_base_url),
            api_key=settings.openai_api_key.get_secret_value(),
            fetch=fetch,
            spool=TransactionalSpool(parts.units, fetch.output),
        )
        stack.push_async_callback(openai.close)
        providers["openai"] = openai
    return providers
