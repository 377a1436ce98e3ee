"""The API's operations of webhooks: a request each, and what its answer is read as."""

from collections.abc import Iterable, Mapping
from typing import Any

from tintype_client.messages import Call, Request
from tintype_client.operations import (
    Filters,
    Page,
    key_header,
    path_part,
    read_as,
    read_list,
    read_nothing,
    read_page,
)
from tintype_client.webhook_answers import (
    NewWebhookEndpoint,
    RequestWebhookDelivery,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSigningSecret,
)

PATH = "/webhook-endpoints"
OF_REQUESTS = "/webhook-deliveries"


def list_endpoints() -> Call[tuple[WebhookEndpoint, ...]]:
    """List the endpoints."""
    read = read_page(WebhookEndpoint)
    return Call(Request(method="GET", path=PATH), lambda answer: read(answer).items)


def create_endpoint(
    url: str, event_types: Iterable[str], description: str, *, idempotency_key: str | None
) -> Call[NewWebhookEndpoint]:
    """Add an endpoint."""
    body = {"url": url, "event_types": list(event_types), "description": description}
    request = Request(method="POST", path=PATH, json=body, headers=key_header(idempotency_key))
    return Call(request, read_as(NewWebhookEndpoint))


def read_endpoint(endpoint_id: str) -> Call[WebhookEndpoint]:
    """Read an endpoint."""
    return Call(Request(method="GET", path=f"{PATH}/{path_part(endpoint_id)}"), read_as(WebhookEndpoint))


def change_endpoint(endpoint_id: str, changes: Mapping[str, Any]) -> Call[WebhookEndpoint]:
    """Change an endpoint; what is None stays."""
    body = {name: value for name, value in changes.items() if value is not None}
    request = Request(method="PATCH", path=f"{PATH}/{path_part(endpoint_id)}", json=body)
    return Call(request, read_as(WebhookEndpoint))


def delete_endpoint(endpoint_id: str) -> Call[None]:
    """Remove an endpoint."""
    request = Request(method="DELETE", path=f"{PATH}/{path_part(endpoint_id)}", deletes=True)
    return Call(request, read_nothing)


def rotate_secret(endpoint_id: str) -> Call[NewWebhookEndpoint]:
    """Replace an endpoint's secret: twice, and the one that receivers have signs no more."""
    path = f"{PATH}/{path_part(endpoint_id)}/rotate-secret"
    return Call(Request(method="POST", path=path, only_once=True), read_as(NewWebhookEndpoint))


def test_endpoint(endpoint_id: str) -> Call[WebhookDelivery]:
    """Have a test sent."""
    path = f"{PATH}/{path_part(endpoint_id)}/test"
    return Call(Request(method="POST", path=path, only_once=True), read_as(WebhookDelivery))


def list_deliveries(endpoint_id: str, part: Filters) -> Call[Page[WebhookDelivery]]:
    """List what an endpoint was sent, newest first."""
    return read_list(f"{PATH}/{path_part(endpoint_id)}/deliveries", part, WebhookDelivery)


def redeliver(endpoint_id: str, delivery_id: str) -> Call[WebhookDelivery]:
    """Have a delivery sent again."""
    path = f"{PATH}/{path_part(endpoint_id)}/deliveries/{path_part(delivery_id)}/redeliver"
    return Call(Request(method="POST", path=path, only_once=True), read_as(WebhookDelivery))


def list_request_deliveries(part: Filters) -> Call[Page[RequestWebhookDelivery]]:
    """List what webhooks of single requests were sent, newest first."""
    return read_list(OF_REQUESTS, part, RequestWebhookDelivery)


def redeliver_request(delivery_id: str) -> Call[RequestWebhookDelivery]:
    """Have one of them sent again."""
    path = f"{OF_REQUESTS}/{path_part(delivery_id)}/redeliver"
    return Call(Request(method="POST", path=path, only_once=True), read_as(RequestWebhookDelivery))


def read_signing_secret() -> Call[WebhookSigningSecret]:
    """Read what signs webhooks of single requests."""
    return Call(Request(method="GET", path=f"{PATH}/signing-secret"), read_as(WebhookSigningSecret))


def rotate_signing_secret() -> Call[WebhookSigningSecret]:
    """Replace it."""
    path = f"{PATH}/signing-secret/rotate"
    return Call(Request(method="POST", path=path, only_once=True), read_as(WebhookSigningSecret))
