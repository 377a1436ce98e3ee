"""Webhook endpoints in memory, their secrets, and receivers of single requests."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.domain.errors import Conflict, IdempotencyKeyReused, NotFound
from gateway.domain.identifiers import (
    AccountId,
    CallbackId,
    DeliveryId,
    GenerationId,
    WebhookEndpointId,
)
from gateway.domain.webhook import (
    ENDPOINTS_MAX,
    SECRET_TOLD_AGAIN,
    AddedEndpoint,
    Callback,
    DisabledReason,
    EndpointChange,
    RequestMark,
    SigningSecrets,
    WebhookDelivery,
    WebhookEndpoint,
)


@dataclass
class MemoryWebhookEndpoints:
    """Implements WebhookEndpoints but for the log, which `MemoryWebhooks` writes."""

    kept: dict[WebhookEndpointId, WebhookEndpoint] = field(default_factory=dict)
    secrets: dict[WebhookEndpointId, SigningSecrets] = field(default_factory=dict, repr=False)
    own_secrets: dict[AccountId, SigningSecrets] = field(default_factory=dict, repr=False)
    callbacks: dict[CallbackId, Callback] = field(default_factory=dict)
    tied: dict[GenerationId, CallbackId] = field(default_factory=dict)
    log: dict[DeliveryId, WebhookDelivery] = field(default_factory=dict)
    of_callback: dict[DeliveryId, CallbackId] = field(default_factory=dict)
    taken: dict[DeliveryId, datetime] = field(default_factory=dict)
    ended: dict[DeliveryId, datetime] = field(default_factory=dict)
    not_told: set[WebhookEndpointId] = field(default_factory=set)
    marks: dict[tuple[AccountId, str], tuple[RequestMark, WebhookEndpointId]] = field(default_factory=dict)

    async def add(
        self, endpoint: WebhookEndpoint, secret: str, *, mark: RequestMark | None = None
    ) -> AddedEndpoint:
        """See WebhookEndpoints."""
        known = self.marks.get((endpoint.account_id, mark.key_digest)) if mark else None
        if known is not None and known[1] in self.kept:
            if known[0] != mark:
                raise IdempotencyKeyReused("The key came before with another endpoint.")
            first, secrets = self.kept[known[1]], self.secrets[known[1]]
            is_told = secrets.previous is None and endpoint.created_at < first.created_at + SECRET_TOLD_AGAIN
            return AddedEndpoint(
                endpoint=first, secret=secrets.current if is_told else None, is_replayed=True
            )
        if len(await self.endpoints(endpoint.account_id)) >= ENDPOINTS_MAX:
            raise Conflict(
                f"You have {ENDPOINTS_MAX} webhook endpoints already; delete one first.",
                reason="TOO_MANY_WEBHOOK_ENDPOINTS",
            )
        self.kept[endpoint.endpoint_id] = endpoint
        self.secrets[endpoint.endpoint_id] = SigningSecrets(current=secret)
        if mark is not None:
            self.marks[endpoint.account_id, mark.key_digest] = mark, endpoint.endpoint_id
        return AddedEndpoint(endpoint=endpoint, secret=secret)

    async def endpoints(self, account_id: AccountId) -> Sequence[WebhookEndpoint]:
        """See WebhookEndpoints."""
        own = [endpoint for endpoint in self.kept.values() if endpoint.account_id == account_id]
        return sorted(own, key=lambda endpoint: endpoint.endpoint_id, reverse=True)

    async def endpoint(self, account_id: AccountId, endpoint_id: WebhookEndpointId) -> WebhookEndpoint:
        """See WebhookEndpoints."""
        endpoint = self.kept.get(endpoint_id)
        if endpoint is None or endpoint.account_id != account_id:
            raise NotFound("There is no such webhook endpoint.", reason="WEBHOOK_ENDPOINT_NOT_FOUND")
        return endpoint

    async def change(
        self,
        account_id: AccountId,
        endpoint_id: WebhookEndpointId,
        change: EndpointChange,
        *,
        now: datetime,
    ) -> WebhookEndpoint:
        """See WebhookEndpoints."""
        endpoint = await self.endpoint(account_id, endpoint_id)
        changed = replace(
            endpoint,
            url=endpoint.url if change.url is None else change.url,
            event_types=endpoint.event_types if change.event_types is None else change.event_types,
            description=endpoint.description if change.description is None else change.description,
        )
        if changed.url != endpoint.url:
            changed = replace(changed, failing_since=None)
        if change.enabled:
            changed = replace(changed, disabled_reason=None, disabled_at=None, failing_since=None)
            self.not_told.discard(endpoint_id)
        elif change.enabled is False and endpoint.is_enabled:
            changed = replace(changed, disabled_reason=DisabledReason.OWNER, disabled_at=now)
        self.kept[endpoint_id] = changed
        return changed

    async def remove(self, account_id: AccountId, endpoint_id: WebhookEndpointId) -> None:
        """See WebhookEndpoints."""
        await self.endpoint(account_id, endpoint_id)
        del self.kept[endpoint_id], self.secrets[endpoint_id]
        self._drop([key for key, sent in self.log.items() if sent.endpoint_id == endpoint_id])

    async def rotate(
        self, account_id: AccountId, endpoint_id: WebhookEndpointId, *, fresh: str, now: datetime
    ) -> WebhookEndpoint:
        """See WebhookEndpoints."""
        endpoint = await self.endpoint(account_id, endpoint_id)
        self.secrets[endpoint_id] = self.secrets[endpoint_id].replaced(fresh, now=now)
        return endpoint

    async def account_secrets(self, account_id: AccountId, *, fresh: str) -> SigningSecrets:
        """See WebhookEndpoints."""
        return self.own_secrets.setdefault(account_id, SigningSecrets(current=fresh))

    async def rotate_account_secret(
        self, account_id: AccountId, *, fresh: str, now: datetime
    ) -> SigningSecrets:
        """See WebhookEndpoints."""
        known = self.own_secrets.get(account_id)
        secrets = known.replaced(fresh, now=now) if known else SigningSecrets(current=fresh)
        self.own_secrets[account_id] = secrets
        return secrets

    async def keep_callback(self, callback: Callback, *, fresh: str) -> None:
        """See WebhookEndpoints."""
        await self.account_secrets(callback.account_id, fresh=fresh)
        known = self.callbacks.setdefault(callback.callback_id, callback)
        if (known.url, known.event_types) != (callback.url, callback.event_types):
            raise IdempotencyKeyReused("The key came before with another webhook.")

    async def tie_callback(
        self, account_id: AccountId, callback_id: CallbackId, generation_id: GenerationId
    ) -> None:
        """See WebhookEndpoints."""
        callback = self.callbacks.get(callback_id)
        if callback is not None and callback.account_id == account_id:
            self.tied.setdefault(generation_id, callback_id)

    def _drop(self, delivery_ids: Sequence[DeliveryId]) -> None:
        for delivery_id in delivery_ids:
            self.log.pop(delivery_id, None)
            self.taken.pop(delivery_id, None)
            self.ended.pop(delivery_id, None)
            self.of_callback.pop(delivery_id, None)
