"""Stripe's webhooks: whether Stripe signed them, and what they are about."""

import json
from dataclasses import dataclass
from typing import Any

import stripe

from billing.domain.errors import InvalidSignature
from billing.ports.payment_processor import VerifiedWebhook

SIGNATURE_TOLERANCE_S = 300


@dataclass(frozen=True, kw_only=True)
class StripeWebhook:
    """A webhook that Stripe signed."""

    event_id: str
    kind: str
    session_id: str | None = None
    payment_id: str | None = None
    dispute_id: str | None = None


class StripeWebhookVerifier:
    """Checks signatures of our endpoint; several secrets while one is being replaced."""

    def __init__(self, *secrets: str) -> None:
        self._secrets = secrets

    def verify(self, body: bytes, signature: str) -> VerifiedWebhook:
        """Return the event. Raises InvalidSignature for a forged, altered or old one."""
        for secret in self._secrets:
            try:
                stripe.WebhookSignature.verify_header(
                    body.decode(), signature, secret, tolerance=SIGNATURE_TOLERANCE_S
                )
            except (stripe.SignatureVerificationError, UnicodeDecodeError, ValueError):
                continue
            return _parse(body)
        raise InvalidSignature("the signature does not match the body, or it is too old")


def _parse(body: bytes) -> StripeWebhook:
    try:
        event = json.loads(body)
        kind, about = str(event["type"]), event["data"]["object"]
        return StripeWebhook(event_id=str(event["id"]), kind=kind, **_subject(kind, about))
    except (ValueError, KeyError, TypeError, AttributeError) as failure:
        raise InvalidSignature("the body is not an event") from failure


def _subject(kind: str, about: dict[str, Any]) -> dict[str, str | None]:
    """Return what an event is about. How that stands now is asked for later: an event may be old."""
    if kind.startswith("checkout.session."):
        return {"session_id": str(about["id"])}
    # Every refund is told by events of its own; `charge.refunded` comes besides, and is all that an
    # endpoint made for an older API version may be subscribed to.
    if kind.startswith("refund.") or kind == "charge.refunded":
        return {"payment_id": about.get("payment_intent")}
    if kind.startswith("charge.dispute."):
        return {"dispute_id": str(about["id"])}
    return {}
