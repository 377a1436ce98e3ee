"""Use case: have an account told at an address."""

from dataclasses import dataclass, field

from gateway.domain.identifiers import AccountId, WebhookEndpointId
from gateway.domain.webhook import WebhookEndpoint, WebhookEvent
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


@dataclass(frozen=True, kw_only=True)
class NewWebhookEndpoint:
    """An endpoint, and its secret, which is told this once."""

    endpoint: WebhookEndpoint
    secret: str = field(repr=False)


@dataclass(frozen=True)
class AddWebhookEndpointHandler:
    """Keeps the endpoint with a fresh secret."""

    endpoints: WebhookEndpoints
    addresses: WebhookAddresses
    ids: IdSource
    secrets: SecretSource
    clock: Clock

    async def __call__(self, command: AddWebhookEndpoint) -> NewWebhookEndpoint:
        """Add it. Raises InvalidRequest for an address that nothing is sent to, and as the port's `add`."""
        self.addresses.check(command.url)
        endpoint = WebhookEndpoint(
            endpoint_id=WebhookEndpointId(self.ids.new("whe")),
            account_id=command.account_id,
            url=command.url,
            event_types=command.event_types,
            description=command.description,
            created_at=self.clock.now(),
        )
        secret = self.secrets.new_signing()
        await self.endpoints.add(endpoint, secret)
        return NewWebhookEndpoint(endpoint=endpoint, secret=secret)
