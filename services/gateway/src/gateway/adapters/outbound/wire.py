"""Pieces of protobuf that several contracts use."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

WHOLE_MAX = 2**53


def struct(document: Mapping[str, Any]) -> Struct:
    """A JSON object as a Struct."""
    message = Struct()
    message.update(dict(document))
    return message


def document(message: Struct) -> dict[str, Any]:
    """A Struct as a JSON object; its whole numbers, which travel as doubles, are integers again."""
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
