"""Fingerprints: what was asked for under an idempotency key. Kept with the job, so the form is a promise."""

from collections.abc import Mapping
from typing import Any

from generation.domain.documents import digest

VERSION = "2:"
# What the first fingerprints, which had no version, always held, absent or not. It never changes.
_FIRST = frozenset({"model", "input", "quote", "providers", "metadata"})


def fingerprint(asked: Mapping[str, Any]) -> str:
    """Return the version and the digest of what is present: a further optional field changes nothing that was
    asked without it. None, no text, nothing in a collection and False are absent; a number never is."""
    return VERSION + digest(_present(asked))


def is_fingerprint_of(recorded: str, asked: Mapping[str, Any]) -> bool:
    """Whether a fingerprint that was kept, in either version, is that of what is asked."""
    if recorded.startswith(VERSION):
        return recorded == fingerprint(asked)
    return _present(asked).keys() <= _FIRST and recorded == digest({name: asked[name] for name in _FIRST})


def _present(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in asked.items() if value or type(value) in (int, float)}
