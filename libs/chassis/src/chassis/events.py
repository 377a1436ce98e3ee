"""Facts on their way out and in: protobuf payloads with CloudEvents attributes in the headers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from google.protobuf.message import Message

from chassis.telemetry import inject

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


class OutgoingEvent(NamedTuple):
    """A fact to publish. `event_id` is also the broker's deduplication id."""

    subject: str
    ce_type: str
    source: str
    payload: bytes
    event_id: str
    time: datetime
    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def account(self) -> str:
        """The account that it is about: the last word of its subject."""
        return self.subject.rpartition(".")[2]

    def wire_headers(self) -> dict[str, str]:
        """Return the message headers: CloudEvents attributes, content type and trace context."""
        return {
            **self.headers,
            "Nats-Msg-Id": self.event_id,
            "ce-id": self.event_id,
            "ce-type": self.ce_type,
            "ce-source": self.source,
            "ce-time": self.time.isoformat(),
            "ce-specversion": "1.0",
            "content-type": "application/protobuf",
        }


@dataclass(frozen=True, kw_only=True)
class IncomingEvent:
    """A fact as delivered: at least once, in no promised order."""

    subject: str
    ce_type: str
    event_id: str
    time: datetime
    payload: bytes
    deliveries: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)


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

    The current trace travels with it, unless `headers` say what travels instead.
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
        headers=headers,
    )
