"""Requests: what was asked under an id, and how it ended. Kept for ever."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A command that was refused, as it will be refused again."""

    reason: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RecordedRequest:
    """A request id with its command's fingerprint and its outcome: what it made, or why it was refused."""

    request_id: str
    account_id: str
    command: str
    fingerprint: str
    made_id: str | None = None
    refusal: Refusal | None = None
    created_at: datetime


def fingerprint(command: Any) -> str:
    """Return the sha256 (hex) of a command's name and fields: the same command has the same one."""
    content = {"command": type(command).__name__, **asdict(command)}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
