"""Content credentials (https://c2pa.org), by the library of those who specify them."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates

from generation.adapters.outbound.apart import run_apart
from generation.adapters.outbound.c2pa_process import KEPT, MODULE, SIGNED
from generation.adapters.outbound.local_files import hash_of
from generation.domain.provenance import Provenance
from generation.ports.content_signer import SigningFailed
from generation.ports.media_intake import ReceivedMedia

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
# What can say where it comes from, of all that is taken in: a WebM can't, nor can a text.
MEDIA_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "video/mp4"})
AT_ONCE = 2
_CURVES: Mapping[str, str] = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


class BadSigningKey(ValueError):
    """The files hold no key and its certificates, the signer's own first."""


@dataclass(frozen=True)
class SigningKey:
    """What C2PA calls the algorithm, and both as PEM."""

    algorithm: str
    certificates: str
    key: str

    @classmethod
    def read(cls, certificates: Path, key: Path) -> "SigningKey":
        """Read both files. Raises BadSigningKey."""
        try:
            chain, private = certificates.read_bytes(), key.read_bytes()
            first, *_ = load_pem_x509_certificates(chain)
            loaded = load_pem_private_key(private, password=None)
        except (OSError, ValueError, TypeError) as error:
            raise BadSigningKey(str(error)) from error
        if first.public_key() != loaded.public_key():
            raise BadSigningKey(f"{key} is not the key of the first certificate in {certificates}")
        match loaded:
            case ec.EllipticCurvePrivateKey() if loaded.curve.name in _CURVES:
                algorithm = _CURVES[loaded.curve.name]
            case ed25519.Ed25519PrivateKey():
                algorithm = "ed25519"
            case rsa.RSAPrivateKey():
                algorithm = "ps256"
            case _:
                raise BadSigningKey("a key is RSA, Ed25519, or on the curve P-256, P-384 or P-521")
        return cls(algorithm, chain.decode(), private.decode())


class C2paSigner:
    """Signs in processes of their own, a few at a time; without a time stamp, as nothing is asked for one.

    What its maker signed stays as it is, byte for byte.
    """

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self._signing = asyncio.Semaphore(AT_ONCE)

    async def signed(self, media: ReceivedMedia, provenance: Provenance) -> ReceivedMedia:
        if media.media_type not in MEDIA_TYPES or media.path is None:
            return media
        target = media.path.with_name(f"{media.path.name}.signed")
        told = json.dumps({**vars(self._key), "manifest": json.dumps(manifest(provenance))}).encode()
        task = (str(media.path), str(target), media.media_type)
        try:
            async with self._signing:
                answer, returncode = await run_apart(MODULE, *task, told=told)
            said = json.loads(answer) if returncode == 0 else {"error": f"exit code {returncode}"}
            if said.get("done") == KEPT:
                return media
            if said.get("done") != SIGNED:
                raise SigningFailed(str(said.get("error")))
            size_bytes, sha256 = await asyncio.to_thread(hash_of, target)
        except (OSError, TimeoutError, ValueError) as error:
            raise SigningFailed(repr(error)) from error
        return replace(media, path=target, size_bytes=size_bytes, sha256=sha256)


def manifest(provenance: Provenance) -> Mapping[str, object]:
    """Return what a file says of itself: what made it, and how; not for whom, nor from what words."""
    return {
        "claim_generator_info": [{"name": "Tintype", "version": version("tintype-generation")}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "softwareAgent": {"name": provenance.model_id},
                            "digitalSourceType": f"{IPTC}{provenance.source}",
                        }
                    ]
                },
            }
        ],
    }
