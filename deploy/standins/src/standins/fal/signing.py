"""Ed25519 signatures, as fal's webhooks have them."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def key_of(secret: str) -> Ed25519PrivateKey:
    """Return the key that is made of a text, the same each time."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(secret.encode()).digest())


def key_set(*keys: Ed25519PrivateKey) -> dict[str, Any]:
    """Return the public halves as a JSON Web Key Set."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "use": "sig",
                "alg": "EdDSA",
                "x": base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("="),
            }
            for key in keys
        ]
    }


def signed(
    body: bytes, *, request_id: str, user_id: str, key: Ed25519PrivateKey, at: int | None = None
) -> Mapping[str, str]:
    """Return the headers of a webhook that is sent now, or at another second."""
    timestamp = str(int(time.time()) if at is None else at)
    content = "\n".join((request_id, user_id, timestamp, hashlib.sha256(body).hexdigest()))
    return {
        "x-fal-webhook-request-id": request_id,
        "x-fal-webhook-user-id": user_id,
        "x-fal-webhook-timestamp": timestamp,
        "x-fal-webhook-signature": key.sign(content.encode()).hex(),
    }
