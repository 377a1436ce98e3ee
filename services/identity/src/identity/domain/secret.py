"""Secrets that are handed out once and kept only as digests."""

import hashlib
from typing import NewType

SecretDigest = NewType("SecretDigest", bytes)


def digest(secret: str) -> SecretDigest:
    """SHA-256 of a secret; enough without a salt because the secrets are 256 random bits."""
    return SecretDigest(hashlib.sha256(secret.encode()).digest())
