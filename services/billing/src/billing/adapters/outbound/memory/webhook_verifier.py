"""The signature of a webhook in memory: a word."""

import json
from collections.abc import Mapping

from billing.domain.errors import InvalidSignature
from billing.domain.webhook_event import IgnoredCause, Subject, SubjectKind, Webhook


class MemoryWebhookVerifier:
    """Takes JSON bodies whose header `signature` is the word `signed`."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> Webhook:
        """Return the event. Raises InvalidSignature for any other signature."""
        if headers.get("signature") != "signed":
            raise InvalidSignature("the signature does not match the body, or it is too old")
        told = json.loads(body)
        about, cause = told.get("about"), told.get("cause")
        return Webhook(
            event_id=told["event_id"],
            kind=told["kind"],
            subject=Subject(kind=SubjectKind(about[0]), object_id=about[1]) if about else None,
            cause=IgnoredCause(cause) if cause else None,
        )
