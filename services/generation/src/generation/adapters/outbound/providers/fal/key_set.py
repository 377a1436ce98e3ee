"""The public keys that fal signs with: fetched, kept for a day at most, and fetched anew when they change."""

import asyncio
import base64
import binascii
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import structlog
from cryptography.exceptions import InvalidSignature as DoesNotFit
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from generation.adapters.outbound.providers.http_api import HttpApi
from generation.ports.media_provider import ProviderUnavailable

# As fal asks of whoever keeps them.
KEEP_S = 86_400.0
# A signature that fits no key may be of a new one: so often it is worth a look, whoever wrote it.
LOOK_AGAIN_S = 60.0
TIMEOUT_S = 10.0
KEYS_MAX = 16
KEY_BYTES = 32
Fetch = Callable[[], Awaitable[Mapping[str, Any]]]
log = structlog.get_logger(__name__)


class KeySet:
    """What can't be fetched verifies nothing; keys that are there still do, until they are too old."""

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: Sequence[Ed25519PublicKey] = ()
        self._fetched_at = self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether one of the keys made this signature."""
        before = self._asked_at
        if self._fits(signature, message):
            return True
        await self._look(seen=before)
        return self._fits(signature, message)

    def _fits(self, signature: bytes, message: bytes) -> bool:
        if self._clock() >= self._fetched_at + KEEP_S:
            return False
        return any(_made_by(key, signature, message) for key in self._keys)

    async def _look(self, *, seen: float) -> None:
        """Fetch the keys, unless somebody just did, well or in vain."""
        async with self._asking:
            if self._asked_at > seen or self._clock() < self._asked_at + LOOK_AGAIN_S:
                return
            self._asked_at = self._clock()
            try:
                found = keys_in(await self._fetch())
            except ProviderUnavailable as away:
                log.warning("the keys of webhooks can't be fetched", error=str(away))
                return
            if found:
                self._keys, self._fetched_at = found, self._asked_at


def keys_in(document: Mapping[str, Any]) -> Sequence[Ed25519PublicKey]:
    """Return the Ed25519 keys of a JSON Web Key Set, without what is none."""
    listed = document.get("keys")
    found = [_key(entry) for entry in (listed[:KEYS_MAX] if isinstance(listed, list) else ())]
    return tuple(key for key in found if key is not None)


def fetching(url: str) -> Fetch:
    """Return what fetches a key set: bounded, under a deadline, without a redirect."""
    parts = urlsplit(url)

    async def fetch() -> Mapping[str, Any]:
        origin = f"{parts.scheme}://{parts.netloc}"
        async with HttpApi(base_url=origin, headers={}, timeout_s=TIMEOUT_S) as api:
            return (await api.call("GET", url)).document()

    return fetch


def _made_by(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except DoesNotFit:
        return False
    return True


def _key(entry: object) -> Ed25519PublicKey | None:
    if not isinstance(entry, dict) or (entry.get("kty"), entry.get("crv")) != ("OKP", "Ed25519"):
        return None
    encoded = entry.get("x")
    try:
        raw = base64.urlsafe_b64decode(f"{encoded}==") if isinstance(encoded, str) else b""
        return Ed25519PublicKey.from_public_bytes(raw) if len(raw) == KEY_BYTES else None
    except (ValueError, binascii.Error):
        return None
