"""A provider's own request, made of a model's input: configuration, so that no adapter knows a model.

In a template, a string that is exactly "{field}" stands for the input's field of that name, with its type; a
table with `from` reads a field too, and translates it (`map`) or converts it (`as`). All else is sent as it
is. Of a field that names media (`x-media`) the addresses are sent, or with `as = "media_id"` the ids. What
was not given is left out, and so is a list in which nothing is left.
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Self

from generation.domain.identifiers import MediaId
from generation.domain.input_media import MEDIA

FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
CONVERSIONS = {"string": str, "integer": int, "number": float}
# Of media: their ids, for an adapter that takes their bytes from the run.
MEDIA_ID = "media_id"
CONVERTIBLE = frozenset({"string", "integer", "number"})
# Nothing that a provider asks for is nested deeper; a ComfyUI graph is four deep.
DEPTH_MAX = 20
_ABSENT = object()


class BadRequestTemplate(ValueError):
    """The template does not fit the model's input; the message says where."""


class UnmappedValue(LookupError):
    """The input has a value that the template has no word for: it was made when the model was another."""


@dataclass(frozen=True)
class FromField:
    """Where a field of the input goes, and what becomes of it."""

    name: str
    words: Mapping[str, Any] | None = None
    kind: str | None = None
    # It names media by their ids.
    is_media: bool = False

    def value(self, job: Mapping[str, Any], addresses: Mapping[MediaId, str]) -> Any:
        """Return what is sent for it. Raises UnmappedValue."""
        value = job.get(self.name, _ABSENT)
        if value is _ABSENT or value is None:
            return _ABSENT
        if self.is_media:
            return value if self.kind == MEDIA_ID else self._addressed(value, addresses)
        if self.words is not None:
            try:
                return deepcopy(self.words[_spelled(value)])
            except KeyError:
                raise UnmappedValue(f"no word for this value of {self.name}") from None
        return _converted(value, self.kind) if self.kind else value

    def _addressed(self, value: Any, addresses: Mapping[MediaId, str]) -> Any:
        try:
            if isinstance(value, list):
                return [addresses[media_id] for media_id in value]
            return addresses[value]
        except KeyError:
            raise UnmappedValue(f"no file for what {self.name} names") from None


@dataclass(frozen=True)
class RequestTemplate:
    """A template that was checked against the fields that fill it."""

    node: Mapping[str, Any]

    @classmethod
    def checked(
        cls, table: Mapping[str, Any], fields: Mapping[str, Mapping[str, Any]], *, unused: frozenset[str]
    ) -> Self:
        """Read a template for an input of these `fields` (their JSON Schemas, by name).

        Raises BadRequestTemplate for a field that there is not, one that is never sent and is not named
        in `unused`, a map that lacks a value, and whatever can't be converted.
        """
        node = {key: _parsed(value, fields, at=key) for key, value in table.items()}
        sent = {leaf.name for leaf in _leaves(node)}
        for name in sorted(unused - set(fields)) or sorted(unused & sent):
            raise BadRequestTemplate(
                f"{name} is named as unused and is {'sent' if name in sent else 'no field'}"
            )
        if forgotten := sorted(set(fields) - sent - unused):
            raise BadRequestTemplate(f"{forgotten[0]} is never sent; name it in `unused` if that is meant")
        return cls(node)

    def filled(
        self, job: Mapping[str, Any], addresses: Mapping[MediaId, str] | None = None
    ) -> dict[str, Any]:
        """Return the request for this input, with addresses for media. Raises UnmappedValue."""
        filled: dict[str, Any] = _filled(self.node, job, addresses or {})
        return filled


def _parsed(value: Any, fields: Mapping[str, Mapping[str, Any]], *, at: str, depth: int = 1) -> Any:
    """Return the template's part with its fields found; `at` is where it stands."""
    if depth > DEPTH_MAX:
        raise BadRequestTemplate(f"{at} is nested deeper than {DEPTH_MAX}")
    if isinstance(value, str) and (found := FIELD.fullmatch(value)):
        return _field({"from": found[1]}, fields, at=at)
    if isinstance(value, Mapping):
        if "from" in value:
            return _field(value, fields, at=at)
        return {key: _parsed(part, fields, at=f"{at}.{key}", depth=depth + 1) for key, part in value.items()}
    if isinstance(value, list):
        return [
            _parsed(part, fields, at=f"{at}[{place}]", depth=depth + 1) for place, part in enumerate(value)
        ]
    return value


def _field(table: Mapping[str, Any], fields: Mapping[str, Mapping[str, Any]], *, at: str) -> FromField:
    name, words, kind = table["from"], table.get("map"), table.get("as")
    if not isinstance(name, str) or name not in fields:
        raise BadRequestTemplate(f"{at} reads {name!r}, and the model's input has no such field")
    if unknown := sorted(set(table) - {"from", "map", "as"}):
        raise BadRequestTemplate(f"{at} says {unknown[0]!r}; beside `from` there are `map` and `as`")
    if is_media := MEDIA in fields[name]:
        if words is not None or kind not in (None, MEDIA_ID):
            raise BadRequestTemplate(f"{at} sends the media of {name}: their addresses, or `as` {MEDIA_ID!r}")
        return FromField(name, kind=kind, is_media=is_media)
    if words is not None and kind is not None:
        raise BadRequestTemplate(f"{at} has both a `map` and an `as`")
    if words is not None:
        _check_words(words, fields[name], name=name, at=at)
    if kind is not None:
        _check_kind(kind, fields[name], name=name, at=at)
    return FromField(name, words, kind)


def _check_words(words: object, rule: Mapping[str, Any], *, name: str, at: str) -> None:
    values = [True, False] if rule.get("type") == "boolean" else rule.get("enum")
    if not isinstance(words, Mapping) or not values:
        raise BadRequestTemplate(f"{at} maps {name}, which has no enum, or to what is no table")
    spelled = {_spelled(value) for value in values}
    if missing := sorted(spelled - set(words)):
        raise BadRequestTemplate(f"{at} has no word for the {name} {missing[0]!r}")
    if extra := sorted(set(words) - spelled):
        raise BadRequestTemplate(f"{at} has a word for {extra[0]!r}, which is no {name}")


def _check_kind(kind: object, rule: Mapping[str, Any], *, name: str, at: str) -> None:
    if not isinstance(kind, str) or kind not in CONVERSIONS:
        raise BadRequestTemplate(f"{at} converts to {kind!r}; there are {', '.join(CONVERSIONS)}")
    if rule.get("type") not in CONVERTIBLE or (rule["type"] == "number" and kind == "integer"):
        raise BadRequestTemplate(f"{at} can't convert {name}, a {rule.get('type')}, to {kind}")
    try:
        if rule["type"] == "string" and kind != "string":
            # Without an enum a text may be anything.
            list(map(CONVERSIONS[kind], rule["enum"]))
    except (KeyError, ValueError):
        raise BadRequestTemplate(f"{at} can't convert every {name} to {kind}") from None


def _leaves(node: Any) -> Iterator[FromField]:
    if isinstance(node, FromField):
        yield node
    elif isinstance(node, Mapping | list):
        for part in node.values() if isinstance(node, Mapping) else node:
            yield from _leaves(part)


def _filled(node: Any, job: Mapping[str, Any], addresses: Mapping[MediaId, str]) -> Any:
    if isinstance(node, FromField):
        return node.value(job, addresses)
    if isinstance(node, Mapping):
        parts = ((key, _filled(part, job, addresses)) for key, part in node.items())
        return {key: part for key, part in parts if part is not _ABSENT}
    if isinstance(node, list):
        given = [part for part in (_filled(part, job, addresses) for part in node) if part is not _ABSENT]
        return given if given or not node else _ABSENT
    return node


def _spelled(value: object) -> str:
    """Return a value as a table's key: JSON's words for true and false."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _converted(value: Any, kind: str) -> Any:
    # A whole number may have come as 5.0.
    whole = int(value) if isinstance(value, float) and value.is_integer() and kind == "string" else value
    return CONVERSIONS[kind](whole)
