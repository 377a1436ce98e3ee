"""Polar's webhooks, which are Standard Webhooks: whether Polar signed them, and what they are about."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from polar.webhooks import (
    PolarWebhookError,
    PolarWebhookUnknownTypeError,
    PolarWebhookVerificationError,
    validate_event,
)

from billing.domain.errors import InvalidSignature, InvalidWebhook
from billing.domain.identifiers import EventId, ObjectId
from billing.domain.webhook_event import IgnoredCause, Subject, SubjectKind, Webhook

ID_HEADER = "webhook-id"
# What an event is about, and which field of its object names that. Nothing is told of disputes.
SUBJECTS = {
    "checkout.updated": (SubjectKind.PAGE, "id"),
    "checkout.expired": (SubjectKind.PAGE, "id"),
    "order.paid": (SubjectKind.PAGE, "checkout_id"),
    "order.refunded": (SubjectKind.PAYMENT, "id"),
    "product.created": (SubjectKind.ARTICLE, "id"),
    "product.updated": (SubjectKind.ARTICLE, "id"),
    "refund.created": (SubjectKind.PAYMENT, "order_id"),
    "refund.updated": (SubjectKind.PAYMENT, "order_id"),
}
_WORD = re.compile(r"[A-Za-z0-9_.\-]{1,255}")


class PolarWebhookVerifier:
    """Checks signatures of our endpoint; several secrets while one is being replaced.

    Verified by the SDK: id, time (five minutes) and body. What the event says is not read into its classes:
    one of a newer kind or with a newer field is told apart all the same.
    """

    def __init__(self, *secrets: str) -> None:
        self._secrets = secrets

    def verify(self, headers: Mapping[str, str], body: bytes) -> Webhook:
        """Return the event. Raises InvalidSignature for a forged, altered or old one, and InvalidWebhook."""
        event_id = headers.get(ID_HEADER, "")
        for secret in self._secrets:
            try:
                # No text that is not UTF-8 is ever signed by Polar.
                event = validate_event(body.decode(), dict(headers), secret, frozenset(SUBJECTS), dict)
            except (PolarWebhookVerificationError, UnicodeError):
                continue
            except PolarWebhookUnknownTypeError as unknown:
                return _unhandled(event_id, unknown.event_type)
            except (PolarWebhookError, RecursionError) as failure:
                raise InvalidWebhook("the body is signed and is not an event: it can't be read") from failure
            return _about(event, event_id=_known_id(event_id), kind=str(event["type"]))
        raise InvalidSignature("the signature does not match the body, or it is too old")


def _unhandled(event_id: str, kind: str | None) -> Webhook:
    if kind is None or not _WORD.fullmatch(kind):
        raise InvalidWebhook("the body is signed and is not an event: it has no type")
    return Webhook(event_id=_known_id(event_id), kind=kind, cause=IgnoredCause.UNHANDLED_KIND)


def _known_id(event_id: str) -> EventId:
    if not _WORD.fullmatch(event_id):
        raise InvalidWebhook("the body is signed and is not an event: it has no id")
    return EventId(event_id)


def _about(event: dict[str, Any], *, event_id: EventId, kind: str) -> Webhook:
    """Return what an event is about. How that stands now is asked for later: an event may be old."""
    subject_kind, field = SUBJECTS[kind]
    about = event.get("data")
    if not isinstance(about, dict) or field not in about:
        return Webhook(event_id=event_id, kind=kind, cause=IgnoredCause.UNREADABLE)
    named = about[field]
    if named is None:
        # An order without a page of ours: of a subscription, or made by hand.
        return Webhook(event_id=event_id, kind=kind, cause=IgnoredCause.NOT_OURS)
    try:
        object_id = ObjectId(str(UUID(named)))
    except (ValueError, TypeError, AttributeError):
        return Webhook(event_id=event_id, kind=kind, cause=IgnoredCause.UNREADABLE)
    return Webhook(event_id=event_id, kind=kind, subject=Subject(kind=subject_kind, object_id=object_id))
