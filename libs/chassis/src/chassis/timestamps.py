"""Protobuf's Timestamp and an aware UTC datetime, one as the other."""

from datetime import UTC, datetime
from typing import overload

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400


@overload
def to_timestamp(moment: datetime) -> Timestamp: ...


@overload
def to_timestamp(moment: datetime | None) -> Timestamp | None: ...


def to_timestamp(moment: datetime | None) -> Timestamp | None:
    """Return a moment as a message, or None for none. Raises TypeError for one that is not aware."""
    if moment is None:
        return None
    # Timestamp.FromDatetime does the same, much slower.
    since = moment - _EPOCH
    return Timestamp(seconds=since.days * _DAY_S + since.seconds, nanos=since.microseconds * 1_000)


def set_moment(message: Message, field: str, when: datetime | None) -> None:
    """Set a message's field, or leave it."""
    if when is not None:
        getattr(message, field).CopyFrom(to_timestamp(when))


def to_datetime(stamp: Timestamp) -> datetime:
    """Return a message as an aware moment in UTC, to the microsecond. Raises ValueError for what is none."""
    return stamp.ToDatetime(tzinfo=UTC)


def moment(message: Message, field: str) -> datetime | None:
    """Return a message's field as an aware moment in UTC, None when it is absent."""
    return to_datetime(getattr(message, field)) if message.HasField(field) else None
