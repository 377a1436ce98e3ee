"""Who takes the money. The words are ours: any processor with hosted checkout pages fits."""

from typing import Protocol

from billing.domain.checkout import Checkout
from billing.domain.pack import Pack
from billing.domain.settlement import ProcessorCheckout


class PaymentProcessor(Protocol):
    """Hosts checkout pages. Every call raises PaymentProcessorUnavailable when it can't be answered."""

    async def open_customer(self, *, user_id: str, email: str) -> str:
        """Return the processor's id of a customer for this user: the same one for the same user."""

    async def open_checkout(
        self, checkout: Checkout, *, lookup_key: str, customer_id: str, success_url: str, cancel_url: str
    ) -> ProcessorCheckout:
        """Open a hosted page for one pack. Called again with the same checkout, it opens nothing new."""

    async def find_checkout(self, session_id: str) -> ProcessorCheckout:
        """Return how a checkout stands now."""

    async def publish(self, pack: Pack) -> None:
        """Make a pack and its price known. Idempotent; a changed price replaces the one before."""


class WebhookVerifier(Protocol):
    """Knows the processor's signatures."""

    def verify(self, body: bytes, signature: str) -> "VerifiedWebhook":
        """Return what a webhook says. Raises InvalidSignature unless the processor signed these bytes."""


class VerifiedWebhook(Protocol):
    """A webhook whose signature holds."""

    @property
    def event_id(self) -> str:
        """The processor's id of the event: the same in every delivery."""

    @property
    def kind(self) -> str:
        """The processor's name of what happened."""

    @property
    def session_id(self) -> str | None:
        """The checkout that it is about, if it is about one."""
