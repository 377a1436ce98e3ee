"""People who are told of their webhook endpoints, in memory."""

from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain.identifiers import UserId, WebhookEndpointId
from gateway.domain.webhook import WebhookEndpoint


@dataclass
class MemoryWebhookOwners:
    """Implements WebhookOwners: keeps what would be mailed, in its order."""

    mailed: dict[tuple[WebhookEndpointId, datetime | None], tuple[UserId, str]] = field(default_factory=dict)
    """To whom, and the host, by what was told."""
    unreachable: set[UserId] = field(default_factory=set)
    """Who is not mailed: gone, disabled, or of an address that is not proven."""
    refusals: dict[WebhookEndpointId, Exception] = field(default_factory=dict)

    async def tell_disabled(self, endpoint: WebhookEndpoint) -> None:
        """See WebhookOwners."""
        if refusal := self.refusals.get(endpoint.endpoint_id):
            raise refusal
        if endpoint.account_id not in self.unreachable:
            news = (endpoint.endpoint_id, endpoint.disabled_at)
            self.mailed.setdefault(news, (endpoint.account_id, endpoint.host))
