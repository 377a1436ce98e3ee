"""Fingerprints: what was asked under a request id, so that another command under the same id is refused.

They are kept with their requests for ever, so what makes one never changes: the version, the command's
kind, and, of the fields that it names in `asked`, those that are present, as JSON with sorted keys. What is
absent (None, no text, nothing in a collection, False) does not count, so a command may get a further
optional field, and a repeat of what was asked before it had one is still the same.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from operator import attrgetter
from typing import Any

from ledger.application import fingerprint_v1
from ledger.application.command import Command

VERSION = "2:"


def fingerprint(command: Command) -> str:
    """Return the version and the sha256 (hex) of what a command asks: the same command has the same one."""
    canonical = _encode([command.kind, _asked(command)])
    return VERSION + sha256(canonical.encode()).hexdigest()


def is_fingerprint_of(recorded: str, command: Command) -> bool:
    """Whether a fingerprint that was kept, in any version, is that of a command."""
    if recorded.startswith(VERSION):
        return recorded == fingerprint(command)
    return recorded == fingerprint_v1.fingerprint(command, present=_asked(command).keys())


def _asked(command: Command) -> Mapping[str, object]:
    names = command.asked
    values = _reader(names)(command)
    # A number is never absent, 0 included.
    return {name: value for name, value in zip(names, values, strict=True) if value or type(value) is int}


@cache
def _reader(names: tuple[str, ...]) -> Callable[[Command], tuple[object, ...]]:
    read: Any = attrgetter(*names)
    return read  # type: ignore[no-any-return]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain).encode
