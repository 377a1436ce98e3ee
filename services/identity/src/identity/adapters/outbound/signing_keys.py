"""Reading the keys that access tokens are signed with."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey


class BadSigningKey(Exception):
    """The setting names no usable key; the text says which entry, never the key itself."""


def load_signing_keys(setting: str) -> Sequence[OKPKey]:
    """Private Ed25519 keys from a JWK, a list of JWKs, a JWK set, or PEM apart by commas: paths or texts."""
    entries = _json_entries(setting) if setting.lstrip().startswith(("{", "[")) else setting.split(",")
    keys = [_load(entry, number) for number, entry in enumerate(entries, start=1)]
    if not keys:
        raise BadSigningKey("names no key")
    return keys


def _json_entries(setting: str) -> list[Any]:
    try:
        document = json.loads(setting)
    except ValueError:
        raise BadSigningKey("looks like JSON but is not") from None
    if isinstance(document, list):
        return document
    listed = document.get("keys")
    return listed if isinstance(listed, list) else [document]


def _load(entry: Any, number: int) -> OKPKey:
    try:
        key = OKPKey.import_key(entry if isinstance(entry, dict) else _pem(str(entry).strip()))
    except OSError as error:
        # Without the name: what is no path may be a key that was pasted in the wrong form.
        raise BadSigningKey(f"key {number}: can't read its file: {error.strerror}") from None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise BadSigningKey(f"key {number} is neither an Ed25519 JWK nor the path of one in PEM") from None
    if key.curve_name != "Ed25519" or not key.is_private:
        raise BadSigningKey(f"key {number} is not a private Ed25519 key")
    return key


def _pem(entry: str) -> bytes:
    return entry.encode() if entry.startswith("-----BEGIN") else Path(entry).read_bytes()
