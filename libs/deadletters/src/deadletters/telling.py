"""What is told of a dead letter: enough to know it by, and nothing that somebody wrote."""

import re
from collections.abc import Iterator

from chassis.dead_letters import DeadLetter
from chassis.timestamps import to_timestamp
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from tintype.operations.v1 import dead_letters_pb2 as pb

ERROR_SHOWN_MAX = 500
IDS_MAX = 32
_ADDRESS = re.compile(r"[^\s@'\"<>]+@[^\s@'\"<>]+")
_ID = re.compile(r"[A-Za-z0-9_.:~-]{1,128}")
# The second line of what PostgreSQL says shows values of a row.
_LINE_ENDS = re.compile(r"\\n|\n")


def message(letter: DeadLetter) -> pb.DeadLetter:
    """Return what is told of a letter."""
    event = letter.event
    return pb.DeadLetter(
        dead_letter_id=event.event_id,
        event_type=event.ce_type,
        subject=event.subject,
        account_id=event.account,
        occurred_at=to_timestamp(event.time),
        given_up_at=to_timestamp(letter.given_up_at),
        deliveries=event.deliveries,
        replays=letter.attempts,
        error=shown_error(letter.error),
        replayed_at=to_timestamp(letter.replayed_at),
        ids=payload_ids(event.ce_type, event.payload),
        place=f"{letter.given_up_at.isoformat()}~{event.event_id}",
    )


def shown_error(error: str) -> str:
    """Return the first line of an error, without addresses of mail."""
    return _ADDRESS.sub("…", _LINE_ENDS.split(error, maxsplit=1)[0])[:ERROR_SHOWN_MAX]


def payload_ids(event_type: str, payload: bytes) -> dict[str, str]:
    """Return the ids that a payload names, by field; none of one that can't be read."""
    try:
        descriptor = Default().FindMessageTypeByName(event_type)
        told = GetMessageClass(descriptor).FromString(payload)
    except (KeyError, DecodeError):
        return {}
    return dict(list(_ids(told))[:IDS_MAX])


def _ids(told: Message, prefix: str = "") -> Iterator[tuple[str, str]]:
    for field, value in told.ListFields():
        if field.is_repeated:
            continue
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            yield from _ids(value, f"{prefix}{field.name}.")
        elif _is_id(field) and _ID.fullmatch(value):
            yield f"{prefix}{field.name}", value


def _is_id(field: FieldDescriptor) -> bool:
    return field.type == FieldDescriptor.TYPE_STRING and field.name.endswith("_id")
