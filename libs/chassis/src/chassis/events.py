"""Facts on their way out and in: protobuf payloads with CloudEvents attributes in the headers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from google.protobuf.message import DecodeError, Message

from chassis.telemetry import inject, trace_headers

_WORD = re.compile(r"(?<!^)(?=[A-Z])")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SUBJECT = re.compile(rf"tintype\.[a-z]+\.v[0-9]+\.[a-z0-9_]{{1,64}}\.{_TOKEN.pattern}")

# Of a message that the broker itself published, as a stream's `republish` says; nobody can leave it out.
_COPIED_FROM = "Nats-Stream"

M = TypeVar("M", bound=Message)


class Refused(Exception):
    """An event that is not what its subject says, or can't be read: no later delivery changes that."""


def is_subject_token(text: str) -> bool:
    """Whether an id can be one token of a subject: 1 to 64 of A-Z, a-z, 0-9, `_` and `-`."""
    return _TOKEN.fullmatch(text) is not None


def is_subject(text: str) -> bool:
    """Whether a fact can be published under this subject."""
    return _SUBJECT.fullmatch(text) is not None


def account_of(subject: str) -> str:
    """Return the account of a subject: all after `tintype.<context>.v1.<event>.`, whatever is in it."""
    words = subject.split(".", 4)
    return words[4] if len(words) == 5 else subject


# In a fact's headers in the outbox: which telling again this is. It does not travel.
TOLD_AGAIN = "told-again"


class OutgoingEvent(NamedTuple):
    """A fact to publish. Told for the first time, `event_id` is also the broker's deduplication id."""

    subject: str
    ce_type: str
    source: str
    payload: bytes
    event_id: str
    time: datetime
    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def account(self) -> str:
        """The account that it is about."""
        return account_of(self.subject)

    def wire_headers(self) -> dict[str, str]:
        """Return the message headers: CloudEvents attributes, content type and trace context.

        A fact that is told again has a deduplication id of that telling: the broker may remember the first
        one, which somebody who was restored from a dump has forgotten. Consumers go by `ce-id`.
        """
        again = self.headers.get(TOLD_AGAIN)
        return {
            **trace_headers(self.headers),
            "Nats-Msg-Id": f"{self.event_id}.{again}" if again else self.event_id,
            "ce-id": self.event_id,
            "ce-type": self.ce_type,
            "ce-source": self.source,
            "ce-time": self.time.isoformat(),
            "ce-specversion": "1.0",
            "content-type": "application/protobuf",
        }


@dataclass(frozen=True, kw_only=True)
class IncomingEvent:
    """A fact as delivered: at least once, in no promised order.

    What it is and whose it is, its subject says: the broker lets a service publish under its own subjects
    alone, whereas headers and payload are whatever the sender wrote.
    """

    subject: str
    event_id: str
    time: datetime
    payload: bytes
    deliveries: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def ce_type(self) -> str:
        """The full name of its message: `tintype.identity.v1.UserRegistered`."""
        prefix, _, name = self.subject.removesuffix(f".{self.account}").rpartition(".")
        return f"{prefix}.{''.join(word.capitalize() for word in name.split('_'))}"

    @property
    def account(self) -> str:
        """The account that it is about."""
        return account_of(self.subject)

    def read(self, message_type: type[M], *, account_field: str = "account_id") -> M:
        """Return its message. Raises Refused unless subject, header and payload tell the same story."""
        if not is_subject(self.subject) or self.ce_type != message_type.DESCRIPTOR.full_name:
            raise Refused(f"{message_type.DESCRIPTOR.full_name} is not published as {self.subject!r}")
        if _COPIED_FROM in self.headers:
            # A producer configures its own stream, and could have the broker copy from it to any subject.
            raise Refused(f"copied by the broker from {self.headers[_COPIED_FROM]!r}")
        if self.headers.get("ce-type", self.ce_type) != self.ce_type:
            raise Refused(f"the header says {self.headers['ce-type']!r}, the subject {self.ce_type!r}")
        try:
            message = message_type.FromString(self.payload)
        except DecodeError:
            raise Refused(f"no {self.ce_type} can be read from it") from None
        if (named := getattr(message, account_field)) != self.account:
            raise Refused(f"the payload is about {named!r}, the subject about {self.account!r}")
        return message


def subject_of(full_name: str, account: str) -> str:
    """Return `tintype.<context>.v1.<snake_case_event>.<account>` for a message's full name."""
    return f"{_prefix_and_source(full_name)[0]}.{account}"


@cache
def _prefix_and_source(full_name: str) -> tuple[str, str]:
    package, _, name = full_name.rpartition(".")
    return f"{package}.{_WORD.sub('_', name).lower()}", f"/tintype/{full_name.split('.')[1]}"


def event(
    message: Message,
    *,
    account: str,
    event_id: str,
    time: datetime,
    headers: Mapping[str, str] | None = None,
) -> OutgoingEvent:
    """Wrap a protobuf message as a fact about one account.

    The current trace travels with it, unless `headers` say which trace travels instead.
    """
    full_name = message.DESCRIPTOR.full_name
    prefix, source = _prefix_and_source(full_name)
    if headers is None:
        headers = {}
        inject(headers)
    return OutgoingEvent(
        subject=f"{prefix}.{account}",
        ce_type=full_name,
        source=source,
        payload=message.SerializeToString(deterministic=True),
        event_id=event_id,
        time=time,
        headers=trace_headers(headers),
    )
