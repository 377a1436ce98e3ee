"""Use case: have an account told at an address."""

import hashlib
import json
from dataclasses import dataclass, field

from gateway.domain.errors import IdempotencyKeyReused
from gateway.domain.identifiers import AccountId, WebhookEndpointId
from gateway.domain.webhook import RequestMark, WebhookEndpoint, WebhookEvent
from gateway.ports.clock import Clock
from gateway.ports.id_source import IdSource
from gateway.ports.secret_source import SecretSource
from gateway.ports.webhook_endpoints import WebhookEndpoints
from gateway.ports.webhook_sender import WebhookAddresses


@dataclass(frozen=True, kw_only=True)
class AddWebhookEndpoint:
    """Where to, and of what."""

    account_id: AccountId
    url: str
    event_types: frozenset[WebhookEvent]
    description: str
    idempotency_key: str | None = None

    @property
    def mark(self) -> RequestMark | None:
        """By which it is known when it comes again."""
        if self.idempotency_key is None:
            return None
        asked = json.dumps([self.url, sorted(self.event_types), self.description])
        return RequestMark(key_digest=_digest(self.idempotency_key), asked_digest=_digest(asked))


@dataclass(frozen=True, kw_only=True)
class NewWebhookEndpoint:
    """An endpoint, and its secret, which is told this once."""

    endpoint: WebhookEndpoint
    secret: str = field(repr=False)
    is_replayed: bool = False


@dataclass(frozen=True)
class AddWebhookEndpointHandler:
    """Keeps the endpoint with a fresh secret."""

    endpoints: WebhookEndpoints
    addresses: WebhookAddresses
    ids: IdSource
    secrets: SecretSource
    clock: Clock

    async def __call__(self, command: AddWebhookEndpoint) -> NewWebhookEndpoint:
        """Add it, once a key: for an hour the same request is told the same secret.

        Raises InvalidRequest for an address that nothing is sent to, IdempotencyKeyReused also where the
        secret is not told any more, and as the port's `add`.
        """
        self.addresses.check(command.url)
        endpoint = WebhookEndpoint(
            endpoint_id=WebhookEndpointId(self.ids.new("whe")),
            account_id=command.account_id,
            url=command.url,
            event_types=command.event_types,
            description=command.description,
            created_at=self.clock.now(),
        )
        added = await self.endpoints.add(endpoint, self.secrets.new_signing(), mark=command.mark)
        if added.secret is None:
            raise IdempotencyKeyReused(
                f"The key made {added.endpoint.endpoint_id}, whose secret is not told any more: rotate it."
            )
        return NewWebhookEndpoint(endpoint=added.endpoint, secret=added.secret, is_replayed=added.is_replayed)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
