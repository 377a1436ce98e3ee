"""Use case: forget the webhooks of an account that is deleted."""

from dataclasses import dataclass

from gateway.domain.identifiers import AccountId
from gateway.ports.webhook_queue import WebhookQueue


@dataclass(frozen=True)
class ForgetWebhooksHandler:
    """Endpoints, secrets, webhooks of requests and the log go; what is heard of it later tells nobody."""

    queue: WebhookQueue

    async def __call__(self, account_id: AccountId) -> None:
        """Forget them; again changes nothing."""
        await self.queue.forget(account_id)
