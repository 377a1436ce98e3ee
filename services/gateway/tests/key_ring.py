"""A browser's key ring as the gateway's fake believes it: it says what is asked, and signs nothing."""

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.adapters.outbound.memory.passkeys import ORIGIN


def base64url(content: bytes) -> str:
    """As browsers write it, without padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class KeyRing:
    """One passkey, and how often it was used."""

    count: int = 0
    origin: str = ORIGIN
    credential_id: str = field(default_factory=lambda: base64url(secrets.token_bytes(16)))

    def create(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.create()`."""
        return self._answer(asked, {"attestationObject": base64url(b"\xa0")})

    def get(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.get()`."""
        self.count += 1
        about = bytes(33) + self.count.to_bytes(4, "big")
        return self._answer(asked, {"authenticatorData": base64url(about), "signature": base64url(b"0")})

    def _answer(self, asked: Mapping[str, Any], response: Mapping[str, str]) -> dict[str, Any]:
        told = json.dumps({"challenge": asked["challenge"], "origin": self.origin})
        return {
            "id": self.credential_id,
            "rawId": self.credential_id,
            "type": "public-key",
            "response": {"clientDataJSON": base64url(told.encode()), **response},
        }
