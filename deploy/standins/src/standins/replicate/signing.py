"""Standard Webhooks, as Replicate signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping


def signed(body: bytes, *, message_id: str, secret: str, at: int | None = None) -> Mapping[str, str]:
    """Return the headers of a webhook that is sent now, or at another second."""
    timestamp = str(int(time.time()) if at is None else at)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{message_id}.{timestamp}.".encode() + body
    digest = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{digest}",
        "user-agent": "Replicate-Webhook/1.0",
    }
