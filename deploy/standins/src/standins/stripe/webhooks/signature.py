"""The `Stripe-Signature` header."""

from __future__ import annotations

import hashlib
import hmac


def sign(body: bytes, *, secret: str, timestamp: int) -> str:
    """Sign `timestamp.body` with HMAC-SHA256, in the form that `Webhook.construct_event` verifies."""
    mac = hmac.new(secret.encode(), str(timestamp).encode() + b"." + body, hashlib.sha256)
    return f"t={timestamp},v1={mac.hexdigest()}"
