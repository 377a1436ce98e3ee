"""A payment processor in memory, whose visitors and banks a test plays."""

import json
from dataclasses import dataclass, replace
from itertools import count

from billing.domain.checkout import Checkout, CheckoutStatus
from billing.domain.errors import InvalidSignature, PaymentProcessorUnavailable
from billing.domain.pack import Pack
from billing.domain.settlement import ProcessorCheckout
from billing.ports.payment_processor import VerifiedWebhook


class MemoryProcessor:
    """A payment processor whose visitors a test plays."""

    def __init__(self) -> None:
        self.customers: dict[str, str] = {}
        self.sessions: dict[str, ProcessorCheckout] = {}
        self.published: dict[str, Pack] = {}
        self.answers = True
        self._numbers = count(1)

    async def open_customer(self, *, user_id: str, email: str) -> str:
        """Return this user's customer."""
        self._require_answer()
        return self.customers.setdefault(user_id, f"cus_{user_id}")

    async def open_checkout(
        self, checkout: Checkout, *, lookup_key: str, customer_id: str, success_url: str, cancel_url: str
    ) -> ProcessorCheckout:
        """Open a session; the same checkout opens nothing new."""
        self._require_answer()
        session_id = f"cs_{checkout.checkout_id}"
        opened = ProcessorCheckout(
            session_id=session_id,
            status=CheckoutStatus.OPEN,
            is_paid=False,
            payment_id=None,
            amount_minor=checkout.price_minor,
            currency=checkout.currency,
            reference=checkout.checkout_id,
            url=f"https://pay.example/{session_id}",
        )
        return self.sessions.setdefault(session_id, opened)

    async def find_checkout(self, session_id: str) -> ProcessorCheckout:
        """Return how a session stands now."""
        self._require_answer()
        return self.sessions[session_id]

    async def publish(self, pack: Pack) -> None:
        """Keep the pack."""
        self._require_answer()
        self.published[pack.lookup_key] = pack

    def pay(self, session_id: str) -> None:
        """Play a visitor who pays."""
        payment_id = f"pi_{next(self._numbers)}"
        self._change(session_id, status=CheckoutStatus.COMPLETE, is_paid=True, payment_id=payment_id)

    def promise(self, session_id: str) -> None:
        """Play a visitor whose bank takes days."""
        self._change(session_id, status=CheckoutStatus.COMPLETE, payment_id=f"pi_{next(self._numbers)}")

    def expire(self, session_id: str) -> None:
        """Play a visitor who never came back."""
        self._change(session_id, status=CheckoutStatus.EXPIRED)

    def _change(self, session_id: str, **changes: object) -> None:
        self.sessions[session_id] = replace(self.sessions[session_id], **changes)  # type: ignore[arg-type]

    def _require_answer(self) -> None:
        if not self.answers:
            raise PaymentProcessorUnavailable("the payment processor did not answer; try again")


@dataclass(frozen=True, kw_only=True)
class MemoryWebhook:
    """A webhook as a test writes it."""

    event_id: str
    kind: str
    session_id: str | None


class MemoryWebhookVerifier:
    """Takes JSON bodies whose signature is the word `signed`."""

    def verify(self, body: bytes, signature: str) -> VerifiedWebhook:
        """Return the event. Raises InvalidSignature for any other signature."""
        if signature != "signed":
            raise InvalidSignature("the signature does not match the body, or it is too old")
        return MemoryWebhook(**json.loads(body))
