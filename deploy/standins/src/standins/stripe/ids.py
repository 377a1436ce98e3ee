"""Ids in Stripe's shape."""

from __future__ import annotations

import secrets
import string

ALPHABET = string.ascii_letters + string.digits
LENGTHS = {"cs_test": 58, "cus": 14, "prod": 14, "req": 14}
LENGTH_DEFAULT = 24


def new_id(prefix: str) -> str:
    """Make a fresh id such as `pi_3Qw...`; the length depends on the kind, as at Stripe."""
    length = LENGTHS.get(prefix, LENGTH_DEFAULT)
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(length))}"
