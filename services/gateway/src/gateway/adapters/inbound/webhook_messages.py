"""What webhooks say, made of what happened."""

from datetime import datetime

from gateway.adapters.inbound.rest.answers.webhook_event import VERSION, WebhookTest, WebhookTestEvent
from gateway.domain.identifiers import WebhookEndpointId


def payload_of_test(endpoint_id: WebhookEndpointId, *, now: datetime) -> str:
    """Return what an endpoint is sent for a try."""
    event = WebhookTestEvent(
        api_version=VERSION, timestamp=now, data=WebhookTest(webhook_endpoint_id=endpoint_id)
    )
    return event.model_dump_json()
