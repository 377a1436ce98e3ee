"""What providers tell us of their runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from generation.domain.identifiers import RunId


@dataclass(frozen=True, kw_only=True)
class ReceivedWebhook:
    """One request, untouched; names of headers are in lower case."""

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]


class ProviderWebhooks(Protocol):
    """Tells true webhooks from forged ones."""

    async def run_of(self, provider: str, received: ReceivedWebhook) -> RunId:
        """Return the run that a provider's webhook is about.

        Raises RunNotFound for a provider that sends none, InvalidSignature for what was not signed by it or
        is too old, InvalidWebhook for what it signed and is about no run.
        """
        ...
