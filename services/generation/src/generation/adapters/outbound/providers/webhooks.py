"""Webhooks of every provider in use, each verified by its own folder."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

from pydantic_settings import BaseSettings

from generation.adapters.outbound.providers.registry import ChosenProvider
from generation.domain.errors import RunNotFound
from generation.domain.identifiers import RunId
from generation.ports.provider_webhooks import ReceivedWebhook


class Verifier(Protocol):
    """One provider's way to sign."""

    async def run_of(self, received: ReceivedWebhook) -> RunId:
        """Return the run that it is about. Raises InvalidSignature, InvalidWebhook."""
        ...


class WebhookModule(Protocol):
    """`webhook.py` of a folder: `WebhookSettings`, and `verifier`; None where they hold no secret."""

    verifier: Callable[[Any], Verifier | None]


class FolderWebhooks:
    """Whoever asks can't tell a provider without a secret from one that there is not."""

    def __init__(self, settings: Mapping[ChosenProvider, BaseSettings]) -> None:
        made = {
            chosen.name: cast(WebhookModule, chosen.module("webhook")).verifier(its_settings)
            for chosen, its_settings in settings.items()
        }
        self._verifiers = {name: verifier for name, verifier in made.items() if verifier is not None}

    async def run_of(self, provider: str, received: ReceivedWebhook) -> RunId:
        if (verifier := self._verifiers.get(provider)) is None:
            raise RunNotFound("no such run is waited for")
        return await verifier.run_of(received)
