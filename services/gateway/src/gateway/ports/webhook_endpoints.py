"""Where accounts want to be told, and the log of what they were told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.domain.identifiers import (
    AccountId,
    CallbackId,
    DeliveryId,
    GenerationId,
    WebhookEndpointId,
)
from gateway.domain.page import Page
from gateway.domain.webhook import (
    AddedEndpoint,
    Callback,
    EndpointChange,
    RequestMark,
    SigningSecrets,
    WebhookDelivery,
    WebhookEndpoint,
)


class WebhookEndpoints(Protocol):
    """Keeps endpoints, their secrets (unreadable at rest) and deliveries, each account's apart.

    What is another's is absent: NotFound, with WEBHOOK_ENDPOINT_NOT_FOUND or WEBHOOK_DELIVERY_NOT_FOUND.
    Whatever keeps a secret raises Conflict (WEBHOOKS_OFF) where there is no key to seal it with.
    """

    async def add(
        self, endpoint: WebhookEndpoint, secret: str, *, mark: RequestMark | None = None
    ) -> AddedEndpoint:
        """Keep a new endpoint; a request that came before finds what it made, as long as that is kept.

        Its secret is among it for SECRET_TOLD_AGAIN, until it is rotated. Raises Conflict
        (TOO_MANY_WEBHOOK_ENDPOINTS) at the bound, at once or not, and IdempotencyKeyReused where the request
        asked for something else.
        """
        ...

    async def endpoints(self, account_id: AccountId) -> Sequence[WebhookEndpoint]:
        """Return all of an account's, the newest first."""
        ...

    async def endpoint(self, account_id: AccountId, endpoint_id: WebhookEndpointId) -> WebhookEndpoint:
        """Return one. Raises NotFound."""
        ...

    async def change(
        self,
        account_id: AccountId,
        endpoint_id: WebhookEndpointId,
        change: EndpointChange,
        *,
        now: datetime,
    ) -> WebhookEndpoint:
        """Change it and return it; enabled anew, or elsewhere, it has never failed. Raises NotFound."""
        ...

    async def remove(self, account_id: AccountId, endpoint_id: WebhookEndpointId) -> None:
        """Forget it and its log. Raises NotFound."""
        ...

    async def rotate(
        self, account_id: AccountId, endpoint_id: WebhookEndpointId, *, fresh: str, now: datetime
    ) -> WebhookEndpoint:
        """Sign with a fresh secret, and for a while with the one before as well. Raises NotFound."""
        ...

    async def account_secrets(self, account_id: AccountId, *, fresh: str) -> SigningSecrets:
        """Return what signs webhooks of single requests; `fresh` where there was none yet.

        Raises OutOfOrder (WEBHOOK_SECRET_UNREADABLE) when the key that sealed it is gone.
        """
        ...

    async def rotate_account_secret(
        self, account_id: AccountId, *, fresh: str, now: datetime
    ) -> SigningSecrets:
        """Sign them with a fresh one, and for a while with the one before, if any, as well."""
        ...

    async def keep_callback(self, callback: Callback, *, fresh: str) -> None:
        """Keep the webhook of one request; again changes nothing. `fresh` as in `account_secrets`.

        Raises IdempotencyKeyReused when the same request came before with another one.
        """
        ...

    async def tie_callback(
        self, account_id: AccountId, callback_id: CallbackId, generation_id: GenerationId
    ) -> None:
        """Say which generation the webhook of a request is about; again changes nothing."""
        ...

    async def deliveries(
        self,
        account_id: AccountId,
        endpoint_id: WebhookEndpointId | None,
        *,
        generation_id: GenerationId | None = None,
        cursor: str | None,
        limit: int,
    ) -> Page[WebhookDelivery]:
        """Return a part of an endpoint's log, the newest first; None: of the webhooks of single requests.

        Of those, with `generation_id`, what one generation's was sent. Raises NotFound, and InvalidRequest
        for what is no cursor.
        """
        ...

    async def add_delivery(self, delivery: WebhookDelivery) -> None:
        """Have something sent to an endpoint. Raises NotFound where there is none."""
        ...

    async def redeliver(
        self,
        account_id: AccountId,
        endpoint_id: WebhookEndpointId | None,
        delivery_id: DeliveryId,
        *,
        now: datetime,
    ) -> WebhookDelivery:
        """Have a delivery that ended tried from the start, or one that waits tried now.

        Without an endpoint it is one of the webhook of a single request. Raises NotFound, and Conflict
        (WEBHOOK_DELIVERY_RUNNING) while it is being tried.
        """
        ...
