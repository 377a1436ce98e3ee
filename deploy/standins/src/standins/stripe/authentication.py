"""The secret key, as a Bearer token or as the Basic user name."""

from __future__ import annotations

import base64
import binascii
import secrets

from standins.stripe.errors import StripeError


def authenticate(header: str | None, key: str) -> None:
    """Raise a 401 StripeError unless the header carries the configured key."""
    given = _key_in(header or "")
    if not given:
        raise _unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
            "https://stripe.com/docs/api#authentication for details, or we can help at "
            "https://support.stripe.com/."
        )
    if not secrets.compare_digest(given.encode(), key.encode()):
        raise _unauthorized(f"Invalid API Key provided: {_masked(given)}")


def _key_in(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _masked(key: str) -> str:
    return f"{key[:8]}{'*' * 12}{key[-4:]}" if len(key) > 12 else "*" * len(key)


def _unauthorized(message: str) -> StripeError:
    return StripeError(message, status=401, executed=False)
