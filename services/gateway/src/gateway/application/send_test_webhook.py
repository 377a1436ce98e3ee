"""Use case: try an endpoint."""

from dataclasses import dataclass, field

from gateway.domain.identifiers import AccountId, DeliveryId, MessageId, WebhookEndpointId
from gateway.domain.webhook import TEST_TYPE, DeliveryState, WebhookDelivery
from gateway.ports.clock import Clock
from gateway.ports.id_source import IdSource
from gateway.ports.webhook_endpoints import WebhookEndpoints


@dataclass(frozen=True, kw_only=True)
class SendTestWebhook:
    """Which endpoint, and what it is sent."""

    account_id: AccountId
    endpoint_id: WebhookEndpointId
    payload: str = field(repr=False)


@dataclass(frozen=True)
class SendTestWebhookHandler:
    """Has one message delivered as any other is: the log says what came of it."""

    endpoints: WebhookEndpoints
    ids: IdSource
    clock: Clock

    async def __call__(self, command: SendTestWebhook) -> WebhookDelivery:
        """Queue it and return it. Raises NotFound."""
        endpoint = await self.endpoints.endpoint(command.account_id, command.endpoint_id)
        now = self.clock.now()
        delivery = WebhookDelivery(
            delivery_id=DeliveryId(self.ids.new("dlv")),
            account_id=command.account_id,
            endpoint_id=command.endpoint_id,
            url=endpoint.url,
            message_id=MessageId(self.ids.new("msg")),
            event_type=TEST_TYPE,
            payload=command.payload,
            state=DeliveryState.PENDING,
            attempts=0,
            next_attempt_at=now,
            created_at=now,
        )
        await self.endpoints.add_delivery(delivery)
        return delivery
