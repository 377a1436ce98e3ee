"""Use case: change where, or of what, an account is told."""

from dataclasses import dataclass

from gateway.domain.identifiers import AccountId, WebhookEndpointId
from gateway.domain.webhook import EndpointChange, WebhookEndpoint
from gateway.ports.clock import Clock
from gateway.ports.webhook_endpoints import WebhookEndpoints
from gateway.ports.webhook_sender import WebhookAddresses


@dataclass(frozen=True, kw_only=True)
class ChangeWebhookEndpoint:
    """Which endpoint, and what of it."""

    account_id: AccountId
    endpoint_id: WebhookEndpointId
    change: EndpointChange


@dataclass(frozen=True)
class ChangeWebhookEndpointHandler:
    """Checks the address as when it was added."""

    endpoints: WebhookEndpoints
    addresses: WebhookAddresses
    clock: Clock

    async def __call__(self, command: ChangeWebhookEndpoint) -> WebhookEndpoint:
        """Change it and return it. Raises NotFound and InvalidRequest."""
        if command.change.url is not None:
            self.addresses.check(command.change.url)
        return await self.endpoints.change(
            command.account_id, command.endpoint_id, command.change, now=self.clock.now()
        )
