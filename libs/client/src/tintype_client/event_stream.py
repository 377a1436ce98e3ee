"""Server-sent events as they come over the wire (HTML Standard, 9.2), without any network."""

import codecs
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tintype_client.answers import Balance, GenerationUpdated, PaymentCompleted, SubscriptionUpdated
from tintype_client.decoding import decode
from tintype_client.errors import ConnectionFailed, TintypeError, UnexpectedAnswer
from tintype_client.messages import Answer, Request
from tintype_client.steps import REPEATED, Retries

LINE_CHARACTERS_MAX = 1024 * 1024
# The API's heartbeat comes more often.
SILENCE_S_MAX = 60.0
_KINDS: Mapping[str, type[Any]] = {
    "generation.updated": GenerationUpdated,
    "balance.updated": Balance,
    "payment.completed": PaymentCompleted,
    "subscription.updated": SubscriptionUpdated,
}
Told = GenerationUpdated | Balance | PaymentCompleted | SubscriptionUpdated | Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened to the account; `id` resumes after it."""

    id: str
    name: str
    data: Told
    """Of a name that this library does not know: as the JSON has it."""


@dataclass
class EventDecoder:
    """Makes events of bytes, however they are cut."""

    last_event_id: str = ""
    retry_delay_s: float = 0
    _text: str = ""
    _id: str | None = None
    _name: str = ""
    _data: list[str] = field(default_factory=list)
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")(errors="replace")
    )

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Return the events that a piece completes. Raises UnexpectedAnswer."""
        self._text += self._decoder.decode(piece)
        # A line ends with CRLF, LF or CR, and with nothing else: JSON holds what Python would split at.
        while (end := _line_end(self._text)) is not None:
            line, self._text = self._text[: end[0]], self._text[end[1] :]
            if (event := self._line(line)) is not None:
                yield event
        if len(self._text) + sum(map(len, self._data)) > LINE_CHARACTERS_MAX:
            raise UnexpectedAnswer("an event has no end")

    def broken_off(self) -> None:
        """Forget what was not completed; what is `last_event_id` stays."""
        self._text, self._id, self._name, self._data = "", None, "", []
        self._decoder.reset()

    def _line(self, line: str) -> Event | None:
        if not line:
            return self._dispatched()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_delay_s = min(float(value[:9]) / 1000, SILENCE_S_MAX)
        return None

    def _dispatched(self) -> Event | None:
        # Not before the event is whole: one that broke off is told again.
        self.last_event_id, self._id = self._id if self._id is not None else self.last_event_id, None
        name, data = self._name or "message", "\n".join(self._data)
        has_data = bool(self._data)
        self._name, self._data = "", []
        if not has_data:
            return None
        try:
            told = json.loads(data)
        except ValueError:
            raise UnexpectedAnswer(f"{name} carries no JSON") from None
        kind = _KINDS.get(name)
        return Event(id=self.last_event_id, name=name, data=decode(kind, told) if kind else told)


def _line_end(text: str) -> tuple[int, int] | None:
    """Return where the first line ends and the next one begins; None while that is not known."""
    feed, carriage = text.find("\n"), text.find("\r")
    if carriage == -1 or (feed != -1 and feed < carriage):
        return None if feed == -1 else (feed, feed + 1)
    if carriage + 1 == len(text):
        # Its LF may be on its way.
        return None
    return carriage, carriage + (2 if text[carriage + 1] == "\n" else 1)


@dataclass
class EventStream:
    """A stream that is opened again where it broke off, until that fails as often as a request may."""

    retries: Retries
    decoder: EventDecoder
    _failures: int = 0

    def request(self) -> Request:
        """Return what opens it."""
        at = self.decoder.last_event_id
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": at} if at else {})}
        return Request(method="GET", path="/events", headers=headers)

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Return the events that a piece completes."""
        self._failures = 0
        yield from self.decoder.feed(piece)

    def ended(self) -> float:
        """Return after how many seconds to open it again: it ended as it should. Raises ConnectionFailed."""
        return self._again(ConnectionFailed("the stream ends as soon as it begins"), None)

    def refused(self, answer: Answer) -> float:
        """Return after how many seconds to try again: it was not opened. Raises ApiError."""
        refusal = answer.refusal()
        if answer.status not in REPEATED:
            raise refusal
        return self._again(refusal, refusal.retry_after_s)

    def broke(self, failure: ConnectionFailed) -> float:
        """Return after how many seconds to open it again: it broke off. Raises ConnectionFailed."""
        return self._again(failure, None)

    def _again(self, failure: TintypeError, retry_after_s: float | None) -> float:
        self.decoder.broken_off()
        self._failures += 1
        pause_s = self.retries.pause_s(self._failures, retry_after_s)
        if pause_s is None:
            raise failure
        return max(pause_s, self.decoder.retry_delay_s)
