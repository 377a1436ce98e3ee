"""Webhooks are from who they say: Standard Webhooks (standardwebhooks.com), symmetric signatures."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tintype_client.errors import InvalidSignature

TOLERANCE_S = 300
_PREFIX = "whsec_"


def verify_webhook(
    payload: bytes | str,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance_s: float = TOLERANCE_S,
    now: float | None = None,
) -> Any:
    """Return what a webhook tells, once it is proven to be from who has the secret, and new.

    `payload` is the body exactly as it came; `secret` is `whsec_...`, or several of them while one replaces
    another. A webhook that comes again has the `webhook-id` that it had: keep those that you acted on. Raises
    InvalidSignature, and ValueError for a secret that is none.
    """
    keys = [_key(each) for each in ([secret] if isinstance(secret, str) else secret)]
    body = payload.encode() if isinstance(payload, str) else payload
    named = {name.lower(): value for name, value in headers.items()}
    message_id, sent_at = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    if not message_id or not (sent_at.isascii() and sent_at.isdigit() and len(sent_at) < 16):
        raise InvalidSignature("webhook-id or webhook-timestamp is missing or malformed")
    signed = f"{message_id}.{sent_at}.".encode() + body
    expected = [b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in keys]
    given = [each.encode() for each in named.get("webhook-signature", "").split(" ")]
    # Every pair, and each in constant time: how long it takes tells nothing.
    fits = [hmac.compare_digest(each, ours) for each in given for ours in expected]
    if not any(fits):
        raise InvalidSignature("no signature fits")
    if abs((time.time() if now is None else now) - int(sent_at)) > tolerance_s:
        raise InvalidSignature("it was sent too long ago, or is from the future")
    try:
        return json.loads(body)
    except ValueError:
        raise InvalidSignature("it carries no JSON") from None


def _key(secret: str) -> bytes:
    text = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("the secret is not whsec_ and base64")
    return key
