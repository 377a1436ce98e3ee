"""Telling people of their webhook endpoints."""

from typing import Protocol

from gateway.domain.webhook import WebhookEndpoint


class WebhookOwners(Protocol):
    """Mails whoever owns an endpoint."""

    async def tell_disabled(self, endpoint: WebhookEndpoint) -> None:
        """Have its owner mailed that it was disabled, why and when.

        Told again of the same time, they are mailed once. Who can't or must not be mailed is not, and that is
        no error. Raises InvalidRequest or NotFound for what never can be told.
        """
        ...
