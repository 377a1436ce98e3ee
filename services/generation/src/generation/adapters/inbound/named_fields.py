"""Messages whose fields have the names of a record's: written once, and none is forgotten.

A field that is neither in the message nor left out by name, or the other way round, fails at import.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from chassis.timestamps import to_timestamp
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct


class Record(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


MessageT = TypeVar("MessageT", bound=Message)
RecordT = TypeVar("RecordT", bound=Record)


class Named(Generic[MessageT, RecordT]):
    """A message of a record: `made` is given with each message, `hidden` is not told to callers."""

    def __init__(
        self,
        message: type[MessageT],
        record: type[RecordT],
        *,
        made: Collection[str] = (),
        hidden: Collection[str] = (),
    ) -> None:
        told: dict[str, Any] = {field.name: field for field in message.DESCRIPTOR.fields}
        kept = {field.name for field in fields(record)}
        answered = kept | {name for name in told if isinstance(getattr(record, name, None), property)}
        wrong = {
            "are in the message alone": told.keys() - answered - set(made),
            "are in the record alone": kept - told.keys() - set(made) - set(hidden),
            "are told, and said to be hidden": set(hidden) & told.keys(),
            "are said to be made, and not told": set(made) - told.keys(),
            "are said to be hidden, and not there": set(hidden) - kept,
        }
        for how, names in wrong.items():
            if names:
                raise TypeError(f"{', '.join(sorted(names))} of {record.__name__} {how}")
        self._message = message
        self._made = frozenset(made)
        self._same = {name: field for name, field in told.items() if name not in self._made}

    def message(self, record: RecordT, **made: Any) -> MessageT:
        """Return the message; None is the contract's default."""
        if made.keys() != self._made:
            raise TypeError(f"{', '.join(sorted(made.keys() ^ self._made))}: made, or not")
        values = {name: _told(field, getattr(record, name)) for name, field in self._same.items()}
        return self._message(**values, **made)


def struct(document: Mapping[str, Any]) -> Struct:
    """Return a JSON object as protobuf."""
    message = Struct()
    message.update(dict(document))
    return message


def _told(field: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        return to_timestamp(value)
    if isinstance(value, Mapping):
        return struct(value)
    if field.enum_type is not None and isinstance(value, Enum):
        # `GENERATION_STATUS_QUEUED` of `GenerationStatus`: the first value is always `..._UNSPECIFIED`.
        prefix = field.enum_type.values[0].name.removesuffix("UNSPECIFIED")
        return field.enum_type.values_by_name[prefix + value.name].number
    return list(value) if isinstance(value, tuple) else value
