"""Stripe's webhooks: whether Stripe signed them, and what they are about."""

import json
import re
from collections.abc import Mapping
from typing import Any

import stripe

from billing.domain.errors import InvalidSignature, InvalidWebhook
from billing.domain.identifiers import EventId, ObjectId
from billing.domain.webhook_event import IgnoredCause, Subject, SubjectKind, Webhook

SIGNATURE_HEADER = "stripe-signature"
SIGNATURE_TOLERANCE_S = 300
# docs.stripe.com/api/v2/core/events: they name an object and carry nothing of it.
THIN = "v2.core.event"
# Stripe's ids and names are plain words; no other text is ever asked about or stored as one.
_WORD = re.compile(r"[A-Za-z0-9_.\-]{1,255}")


class StripeWebhookVerifier:
    """Checks signatures of our endpoint; several secrets while one is being replaced.

    `live` is the mode of our key: events of the other mode are about objects that the key can't see. None
    where the key does not say.
    """

    def __init__(self, *secrets: str, live: bool | None = None) -> None:
        self._secrets = secrets
        self._live = live

    def verify(self, headers: Mapping[str, str], body: bytes) -> Webhook:
        """Return the event. Raises InvalidSignature for a forged, altered or old one, and InvalidWebhook."""
        signature = headers.get(SIGNATURE_HEADER, "")
        # The SDK compares no other texts.
        for secret in self._secrets if signature.isascii() else ():
            try:
                stripe.WebhookSignature.verify_header(
                    body.decode(), signature, secret, tolerance=SIGNATURE_TOLERANCE_S
                )
            except (stripe.SignatureVerificationError, UnicodeError, ValueError):
                continue
            return self._parse(body)
        raise InvalidSignature("the signature does not match the body, or it is too old")

    def _parse(self, body: bytes) -> Webhook:
        try:
            event = json.loads(body)
        except (ValueError, RecursionError) as failure:
            raise InvalidWebhook("the body is signed and is not an event: it can't be read") from failure
        word = _word(event.get("id")) if isinstance(event, dict) else None
        if word is None:
            raise InvalidWebhook("the body is signed and is not an event: it has no id")
        event_id, kind = EventId(word), _word(event.get("type"))
        if (cause := self._foreign(event, kind)) is not None:
            return Webhook(event_id=event_id, kind=kind or "", cause=cause)
        return _about(event, event_id=event_id, kind=kind or "")

    def _foreign(self, event: dict[str, Any], kind: str | None) -> IgnoredCause | None:
        """Return why an event can't be ours, whatever it is about."""
        if event.get("account") is not None:
            return IgnoredCause.ANOTHER_ACCOUNT
        mode = event.get("livemode")
        if isinstance(mode, bool) and self._live is not None and mode is not self._live:
            return IgnoredCause.OTHER_MODE
        if event.get("object") == THIN:
            return IgnoredCause.WITHOUT_OBJECT
        return IgnoredCause.UNREADABLE if kind is None else None


def is_live(secret_key: str) -> bool | None:
    """Return which mode a key is of, as its prefix says; None when it says nothing."""
    match secret_key.split("_")[:2]:
        case ["sk" | "rk", "live"]:
            return True
        case ["sk" | "rk", "test"]:
            return False
    return None


def _about(event: dict[str, Any], *, event_id: EventId, kind: str) -> Webhook:
    """Return what an event is about. How that stands now is asked for later: an event may be old."""
    subject_kind, field = _subject_kind(kind)
    if subject_kind is None:
        return Webhook(event_id=event_id, kind=kind, cause=IgnoredCause.UNHANDLED_KIND)
    data = event.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    if not isinstance(about, dict):
        return Webhook(event_id=event_id, kind=kind, cause=IgnoredCause.UNREADABLE)
    named = about.get(field)
    if subject_kind is SubjectKind.CUSTOMER and named is None:
        named = _former(data, field)
        if named is None:
            # A card that nobody keeps.
            return Webhook(event_id=event_id, kind=kind, cause=IgnoredCause.NOT_OURS)
    if subject_kind is SubjectKind.PAYMENT:
        if field in about and named is None:
            # A charge of old integrations has no payment object: it can't be ours.
            return Webhook(event_id=event_id, kind=kind, cause=IgnoredCause.NOT_OURS)
        named = named.get("id") if isinstance(named, dict) else named
    object_id = _word(named)
    if object_id is None:
        return Webhook(event_id=event_id, kind=kind, cause=IgnoredCause.UNREADABLE)
    subject = Subject(kind=subject_kind, object_id=ObjectId(object_id))
    return Webhook(event_id=event_id, kind=kind, subject=subject)


def _former(data: Any, field: str) -> object:
    """Return what a field was before: a card that was taken away is nobody's any more."""
    previous = data.get("previous_attributes")
    return previous.get(field) if isinstance(previous, dict) else None


def _subject_kind(kind: str) -> tuple[SubjectKind | None, str]:
    """Return what an event of a kind is about, and which field of its object names that."""
    if kind.startswith("checkout.session."):
        return SubjectKind.PAGE, "id"
    # Every refund is told by events of its own; `charge.refunded` comes besides, and is all that an
    # endpoint made for an older API version may be subscribed to.
    if kind.startswith(("refund.", "charge.refund")):
        return SubjectKind.PAYMENT, "payment_intent"
    if kind.startswith("charge.dispute."):
        return SubjectKind.DISPUTE, "id"
    if kind.startswith("customer.subscription."):
        return SubjectKind.SUBSCRIPTION, "id"
    # Who they are: their card is the default one, or they are gone. What is new of them is our own doing.
    if kind in ("customer.updated", "customer.deleted"):
        return SubjectKind.CUSTOMER, "id"
    # What they pay with: kept, taken away, or renewed by its bank.
    if kind.startswith("payment_method."):
        return SubjectKind.CUSTOMER, "customer"
    # What a product is called and what it costs: any of its prices may have taken another's name.
    if kind.startswith("product."):
        return SubjectKind.ARTICLE, "id"
    if kind.startswith("price."):
        return SubjectKind.ARTICLE, "product"
    if kind.startswith("invoice_payment."):
        return SubjectKind.INVOICE, "invoice"
    # A draft that is only announced has no id.
    if kind.startswith("invoice.") and kind != "invoice.upcoming":
        return SubjectKind.INVOICE, "id"
    return None, ""


def _word(value: object) -> str | None:
    """Return an id or a name as Stripe writes them; None for anything else."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None
