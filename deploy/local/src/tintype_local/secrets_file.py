"""Secrets of this machine's stack: made once, kept in a file that only its owner can read."""

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from embedded.topology import topology

Maker = Callable[[], str]

SERVICES = tuple(topology().services)


def load_or_make(path: Path) -> dict[str, str]:
    """Return every secret by name; missing ones are made and kept."""
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    wanted = {name: make for name, make in _makers().items() if name not in known}
    if wanted:
        known |= {name: make() for name, make in wanted.items()}
        unfinished = path.with_suffix(".unfinished")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(known, file, indent=1)
        unfinished.replace(path)
    return known


def _makers() -> dict[str, Maker]:
    makers: dict[str, Maker] = {
        "postgres_admin": _token,
        "nats_admin": _token,
        "s3_admin": _token,
        "s3_service": _token,
        "stripe_key": lambda: "sk_test_" + secrets.token_hex(16),
        "stripe_webhook": lambda: "whsec_" + secrets.token_hex(24),
        "polar_token": lambda: "polar_oat_" + secrets.token_hex(16),
        "polar_webhook": lambda: "polar_whs_" + secrets.token_hex(24),
        "oidc_client": _token,
        "openai_key": lambda: "sk-standin-" + secrets.token_hex(16),
        "provider_key": lambda: "standin-" + secrets.token_hex(16),
        "provider_webhook": lambda: "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
        "quote_key": _token,
        "second_factor_key": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "session_key": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "webhook_key": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "signing_key": _signing_key,
    }
    for caller in topology().callers:
        makers[f"token_{caller}"] = _token
    for service in SERVICES:
        for kind in ("owner", "service", "nats"):
            makers[f"{kind}_{service}"] = _token
    return makers


def _token() -> str:
    return secrets.token_hex(24)


def _signing_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
