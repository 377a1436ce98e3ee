"""Pieces of protobuf that several contracts use."""

import re
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

WHOLE_MAX = 2**53

if TYPE_CHECKING:
    # Generic in its stubs alone.
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

Member = TypeVar("Member", bound=Enum)
Number = TypeVar("Number", bound=int)


def members(theirs: "_EnumTypeWrapper[Number]", ours: type[Member], **more: Member) -> dict[Number, Member]:
    """Return our member for each value of a contract's enumeration, by its name; `more` names those beside.

    Raises LookupError for a value that only one side has: at import, and not when it first comes.
    """
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", theirs.DESCRIPTOR.name).upper()
    named = {f"{prefix}_{name}": member for name, member in {**ours.__members__, **more}.items()}
    if odd := named.keys() ^ (set(theirs.keys()) - {f"{prefix}_UNSPECIFIED"}):
        raise LookupError(f"{theirs.DESCRIPTOR.full_name} and {ours.__qualname__} differ in {sorted(odd)}")
    return {theirs.Value(name): member for name, member in named.items()}


def struct(document: Mapping[str, Any]) -> Struct:
    """Return a JSON object as a Struct."""
    message = Struct()
    message.update(dict(document))
    return message


def document(message: Struct) -> dict[str, Any]:
    """Return a Struct as a JSON object; its whole numbers, which travel as doubles, are integers again."""
    converted: dict[str, Any] = _whole(MessageToDict(message))
    return converted


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= WHOLE_MAX:
        return int(value)
    return value
