"""Event ids under AES-SIV (RFC 5297): the same text for the same cursor, and nothing to read or to forge.

Its keys are derived from secrets that all replicas share; the first seals, all open.
"""

import base64
import secrets
import struct
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.domain.event import Cursor, Place, Position, Stream
from gateway.domain.identifiers import AccountId, EventId

LENGTH_MAX = 128
_PURPOSE = b"tintype gateway event ids, version 1"
_KEY_BYTES = 64
_STREAMS = (Stream.LEDGER, Stream.GENERATION, Stream.BILLING)
# With these sizes both kinds fill base64 to the last bit, so that no second text means the same.
_NONCE_BYTES = 10
_PLACE, _POSITION = struct.Struct(">BxQQQ"), struct.Struct(">QQQQQ10s")


class SealedEventIds:
    """Implements EventIds."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._ciphers = [AESSIV(_derived(base64.urlsafe_b64decode(key))) for key in keys]

    def seal(self, account_id: AccountId, cursor: Cursor) -> EventId:
        """See EventIds."""
        sealed = self._ciphers[0].encrypt(_packed(cursor), [account_id.encode()])
        return EventId(base64.urlsafe_b64encode(sealed).decode())

    def open(self, account_id: AccountId, event_id: EventId) -> Cursor | None:
        """See EventIds."""
        if len(event_id) > LENGTH_MAX or event_id.endswith("="):
            return None
        try:
            sealed = base64.b64decode(event_id, altchars=b"-_", validate=True)
        except ValueError:
            return None
        for cipher in self._ciphers:
            try:
                return _unpacked(cipher.decrypt(sealed, [account_id.encode()]))
            except (InvalidTag, ValueError, struct.error):
                continue
        return None


def _derived(secret: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_PURPOSE).derive(secret)


def _packed(cursor: Cursor) -> bytes:
    match cursor:
        case Place():
            return _PLACE.pack(_STREAMS.index(cursor.stream), cursor.sequence, cursor.at_ms, cursor.balance)
        case Position():
            numbers = (cursor.numbers.get(stream, 0) for stream in _STREAMS)
            # A number used once: whether anything happened on the platform between two positions is
            # nobody's business.
            return _POSITION.pack(*numbers, cursor.at_ms, cursor.balance, secrets.token_bytes(_NONCE_BYTES))


def _unpacked(plain: bytes) -> Cursor:
    if len(plain) == _PLACE.size:
        stream, sequence, at_ms, balance = _PLACE.unpack(plain)
        return Place(stream=_STREAMS[stream], sequence=sequence, at_ms=at_ms, balance=balance)
    *numbers, at_ms, balance, _ = _POSITION.unpack(plain)
    return Position(numbers=dict(zip(_STREAMS, numbers, strict=True)), at_ms=at_ms, balance=balance)
