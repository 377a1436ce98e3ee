"""Receivers of webhooks in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.webhook import Attempt, WebhookDelivery


@dataclass
class MemoryWebhookSender:
    """Implements WebhookSender and WebhookAddresses: gives each address the answers that it was told."""

    answers: dict[str, list[Attempt | Exception]] = field(default_factory=dict)
    sent: list[tuple[WebhookDelivery, tuple[str, ...]]] = field(default_factory=list, repr=False)

    def check(self, url: str, *, field: str = "url") -> None:
        """See WebhookAddresses."""
        if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
            raise InvalidRequest(
                "The webhook's address must be an https address.",
                reason="INVALID_FIELD",
                fields=[FieldProblem(field, "must be an https address")],
            )

    async def send(self, delivery: WebhookDelivery, secrets: Sequence[str], *, at: datetime) -> Attempt:
        """See WebhookSender."""
        self.sent.append((delivery, tuple(secrets)))
        told = self.answers.get(delivery.url)
        answer = told.pop(0) if told else Attempt(attempted_at=at, duration_ms=1, status=200)
        if isinstance(answer, Exception):
            raise answer
        return answer
