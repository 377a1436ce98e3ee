"""A software authenticator and the browser around it, as Web Authentication level 3 has them.

What a test wants wrong it says: another origin, another site, no PIN, a count of its own.
"""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "https://tintype.example"
RP_ID = "tintype.example"
_PRESENT, _VERIFIED, _ELIGIBLE, _BACKED_UP, _ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


def base64url(content: bytes) -> str:
    """As browsers write it, without padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The other way round."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One credential on one device; `counts` is how often it was used, None where it does not count."""

    counts: int | None = 0
    verifies: bool = True
    backed_up: bool = False
    edwards: bool = False
    origin: str = ORIGIN
    rp_id: str = RP_ID
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    user_handle: bytes | None = None

    def __post_init__(self) -> None:
        self.key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey = (
            ed25519.Ed25519PrivateKey.generate() if self.edwards else ec.generate_private_key(ec.SECP256R1())
        )

    def create(self, options: str, **client_data: Any) -> str:
        """Answer `navigator.credentials.create()` with an attestation of the kind none."""
        asked = json.loads(options)
        self.user_handle = from_base64url(asked["user"]["id"])
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + self._cose()
        about = self._about(_ATTESTED) + attested
        told = self._client_data("webauthn.create", asked, client_data)
        return self._credential(
            {
                "clientDataJSON": base64url(told),
                "attestationObject": base64url(
                    cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": about})
                ),
                "transports": ["internal", "hybrid", "carrier pigeon"],
            }
        )

    def get(self, options: str, **client_data: Any) -> str:
        """Answer `navigator.credentials.get()`."""
        if self.counts is not None:
            self.counts += 1
        about, told = self._about(), self._client_data("webauthn.get", json.loads(options), client_data)
        signed = about + hashlib.sha256(told).digest()
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            signature = self.key.sign(signed)
        else:
            signature = self.key.sign(signed, ec.ECDSA(SHA256()))
        handle = {"userHandle": base64url(self.user_handle)} if self.user_handle is not None else {}
        return self._credential(
            {
                "clientDataJSON": base64url(told),
                "authenticatorData": base64url(about),
                "signature": base64url(signature),
                **handle,
            }
        )

    def _client_data(self, kind: str, asked: dict[str, Any], more: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": asked["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(told | more).encode()

    def _about(self, more: int = 0) -> bytes:
        flags = _PRESENT | more | (_VERIFIED if self.verifies else 0)
        flags |= (_ELIGIBLE | _BACKED_UP) if self.backed_up else 0
        count = (self.counts or 0).to_bytes(4, "big")
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + count

    def _cose(self) -> bytes:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            raw = self.key.public_key().public_bytes_raw()
            return cbor2.dumps({1: 1, 3: -8, -1: 6, -2: raw})
        point = self.key.public_key().public_numbers()
        x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def _credential(self, response: dict[str, Any]) -> str:
        known = base64url(self.credential_id)
        return json.dumps(
            {
                "id": known,
                "rawId": known,
                "type": "public-key",
                "authenticatorAttachment": "platform",
                "clientExtensionResults": {},
                "response": response,
            }
        )


def changed(answer: str, **response: Any) -> str:
    """An answer with other fields."""
    told = json.loads(answer)
    told["response"] |= response
    return json.dumps(told)
