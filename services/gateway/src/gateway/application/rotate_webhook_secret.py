"""Use case: replace a secret that signs webhooks."""

from dataclasses import dataclass

from gateway.application.add_webhook_endpoint import NewWebhookEndpoint
from gateway.domain.identifiers import AccountId, WebhookEndpointId
from gateway.domain.webhook import SigningSecrets
from gateway.ports.clock import Clock
from gateway.ports.secret_source import SecretSource
from gateway.ports.webhook_endpoints import WebhookEndpoints


@dataclass(frozen=True)
class RotateWebhookSecretHandler:
    """For a day both sign, so that a receiver can change over while webhooks come."""

    endpoints: WebhookEndpoints
    secrets: SecretSource
    clock: Clock

    async def __call__(self, account_id: AccountId, endpoint_id: WebhookEndpointId) -> NewWebhookEndpoint:
        """Replace an endpoint's and return the new one. Raises NotFound."""
        fresh = self.secrets.new_signing()
        endpoint = await self.endpoints.rotate(account_id, endpoint_id, fresh=fresh, now=self.clock.now())
        return NewWebhookEndpoint(endpoint=endpoint, secret=fresh)

    async def of_account(self, account_id: AccountId) -> SigningSecrets:
        """Replace the one that signs webhooks of single requests."""
        return await self.endpoints.rotate_account_secret(
            account_id, fresh=self.secrets.new_signing(), now=self.clock.now()
        )
