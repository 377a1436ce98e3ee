"""A received mail and its readable parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass(frozen=True)
class Summary:
    """What a list shows of a mail."""

    id: int
    received_at: float
    sender: str
    recipients: tuple[str, ...]
    subject: str

    def as_json(self) -> dict[str, object]:
        """Return the fields of the JSON API."""
        return {
            "id": self.id,
            "received_at": datetime.fromtimestamp(self.received_at, UTC).isoformat(),
            "from": self.sender,
            "to": list(self.recipients),
            "subject": self.subject,
        }


@dataclass(frozen=True)
class Letter:
    """A mail as it came."""

    summary: Summary
    raw: bytes

    def text(self) -> str | None:
        """Return the plain text, if the mail has any."""
        return _part(parse(self.raw), "plain")

    def html(self) -> str | None:
        """Return the HTML, if the mail has any."""
        return _part(parse(self.raw), "html")

    def headers(self) -> list[list[str]]:
        """Every header, in order."""
        return [[name, str(value)] for name, value in parse(self.raw).items()]

    def as_json(self) -> dict[str, object]:
        """Return the fields of the JSON API."""
        parts = {"text": self.text(), "html": self.html(), "headers": self.headers()}
        return {**self.summary.as_json(), **parts}


def parse(raw: bytes) -> EmailMessage:
    """Read a mail; malformed ones are read as far as they can be."""
    return message_from_bytes(raw, policy=default)


def subject_of(raw: bytes) -> str:
    """Return the decoded subject, or nothing."""
    return str(parse(raw).get("subject", ""))


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    if part is None:
        return None
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):
        # An unknown or lying charset: show what can be shown.
        payload = part.get_payload(decode=True)
        return payload.decode(errors="replace") if isinstance(payload, bytes) else None
