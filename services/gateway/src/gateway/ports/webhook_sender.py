"""Sending one webhook."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.domain.webhook import Attempt, WebhookDelivery


class WebhookAddresses(Protocol):
    """Which addresses webhooks may be sent to."""

    def check(self, url: str, *, field: str = "url") -> None:
        """Raise InvalidRequest, about `field`, unless it is an https address that may be a public one.

        Whether its name leads to a public address is known only when it is sent to, and looked at then.
        """
        ...


class WebhookSender(Protocol):
    """Posts a payload, signed as Standard Webhooks has it."""

    async def send(self, delivery: WebhookDelivery, secrets: Sequence[str], *, at: datetime) -> Attempt:
        """Send it once, signed with each secret. Whatever the receiver does, an attempt comes back, in
        bounded time and with a bounded part of the answer; no redirect is followed."""
        ...
