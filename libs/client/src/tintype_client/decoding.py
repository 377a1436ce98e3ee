"""JSON into frozen dataclasses: fields that they do not name are passed over, so that answers may grow."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from tintype_client.errors import UnexpectedAnswer

T = TypeVar("T")


def decode(kind: type[T], told: object) -> T:
    """Return what was told as `kind`. Raises UnexpectedAnswer where it does not fit."""
    return cast(T, _value(kind, told, kind.__name__))


def _value(kind: Any, told: Any, place: str) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        if told is None and types.NoneType in get_args(kind):
            return None
        (kind,) = (each for each in get_args(kind) if each is not types.NoneType)
    if kind is Any:
        return told
    if is_dataclass(kind):
        return _fields(kind, told, place)
    if kind is datetime:
        return _moment(told, place)
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        return tuple(_value(item, each, f"{place}[]") for each in _of(list, told, place))
    if get_origin(kind) is Mapping:
        return dict(_of(dict, told, place))
    if kind is float:
        return float(_of((int, float), told, place))
    return _of(kind, told, place)


def _fields(kind: Any, told: Any, place: str) -> Any:
    given = _of(dict, told, place)
    known = {}
    for name, field_kind, is_required in _named(kind):
        if name in given:
            known[name] = _value(field_kind, given[name], f"{place}.{name}")
        elif is_required:
            raise UnexpectedAnswer(f"{place}.{name} is missing")
    return kind(**known)


@cache
def _named(kind: Any) -> tuple[tuple[str, Any, bool], ...]:
    hints = get_type_hints(kind)
    return tuple(
        (field.name, hints[field.name], field.default is MISSING and field.default_factory is MISSING)
        for field in fields(kind)
    )


def _moment(told: Any, place: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_of(str, told, place))
    except ValueError:
        raise UnexpectedAnswer(f"{place} is no time") from None
    if moment.tzinfo is None:
        raise UnexpectedAnswer(f"{place} is a time without a zone")
    return moment


def _of(kind: Any, told: Any, place: str) -> Any:
    # JSON's true is no number, though Python's is.
    if not isinstance(told, kind) or (isinstance(told, bool) and kind is not bool):
        raise UnexpectedAnswer(f"{place} is {type(told).__name__}")
    return told
