"""Messages of contracts as our own objects, field by field of the same name; nothing is left out unsaid.

What reads a message is made at import. A field that the contract or our class gained, and that the other
lacks, stops the process there, and every test that imports it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from chassis.timestamps import to_datetime
from google.protobuf.message import Message

from gateway.adapters.outbound.wire import document

Ours = TypeVar("Ours")
Read = Callable[[Any], Any]

# What a field's message is read by when nothing else is said.
_MESSAGES: Mapping[str, Read] = {
    "google.protobuf.Timestamp": to_datetime,
    "google.protobuf.Struct": document,
}


def reader(
    theirs: type[Message],
    ours: type[Ours],
    *,
    values: Mapping[str, Read] | None = None,
    derived: Mapping[str, Read] | None = None,
    names: Mapping[str, str] | None = None,
    unread: Collection[str] = (),
    elsewhere: Collection[str] = (),
) -> Callable[..., Ours]:
    """Return what turns a message into one of `ours`, a dataclass.

    `values` read a field's value, each one of a repeated field; `derived` read a field of ours from the
    whole message; `names` are the contract's names for fields that are called otherwise here. Nobody reads
    what is `unread` of theirs; `elsewhere` are fields of ours that come as arguments beside the message. A
    text or a message that is not there is None where our field may be None.

    Raises TypeError for a field of either that is told of nowhere.
    """
    values, derived, names = values or {}, derived or {}, names or {}
    told = theirs.DESCRIPTOR.fields_by_name
    known = {field.name: names.get(field.name, field.name) for field in fields(ours)}  # type: ignore[arg-type]
    copied = {name: their for name, their in known.items() if name not in derived and name not in elsewhere}
    read = {*copied.values(), *derived, *unread}
    strange = {*values, *derived, *names, *elsewhere} - set(known)
    if odd := (read ^ set(told)) | strange:
        raise TypeError(f"{theirs.DESCRIPTOR.full_name} and {ours.__qualname__} differ in {sorted(odd)}")
    hints = get_type_hints(ours)
    reads: dict[str, Read] = {
        name: _read(told[their], hints[name], values.get(name)) for name, their in copied.items()
    }
    reads |= derived

    def read_message(message: Message, **beside: Any) -> Ours:
        return ours(**{name: read(message) for name, read in reads.items()}, **beside)

    return read_message


def _read(field: Any, hint: Any, value: Read | None) -> Read:
    """Return what reads one field of a message. Raises TypeError where no rule says how."""
    name, is_optional, kind = field.name, NoneType in get_args(hint), field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        return lambda message: dict(getattr(message, name))
    is_text = field.type == field.TYPE_STRING
    read = value or (_MESSAGES.get(kind.full_name) if kind is not None else _same)
    if read is None or (value is None and field.enum_type is not None):
        raise TypeError(f"nothing says how {field.full_name} is read")
    if value is None and is_optional and not field.has_presence and not is_text:
        raise TypeError(f"{field.full_name} is never absent")
    if field.is_repeated:
        return lambda message: tuple(map(read, getattr(message, name)))
    if is_optional and field.has_presence:
        return lambda message: read(getattr(message, name)) if message.HasField(name) else None
    if is_optional and is_text:
        return lambda message: read(getattr(message, name)) if getattr(message, name) else None
    return lambda message: read(getattr(message, name))


def _same(value: Any) -> Any:
    return value
