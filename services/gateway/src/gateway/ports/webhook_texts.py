"""How a webhook is worded."""

from typing import Protocol

from gateway.domain.generation import Generation
from gateway.domain.webhook import WebhookMessage


class WebhookTexts(Protocol):
    """Makes the same message of a thing as of the fact that tells of it: its id is the same."""

    def ended(self, generation: Generation) -> WebhookMessage | None:
        """Return what tells how it ended; None for one that goes on, or was rejected at once."""
        ...
