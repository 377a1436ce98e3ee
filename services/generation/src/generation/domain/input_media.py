"""Media that jobs are made from: which fields of an input name them, and what a job was given."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from generation.domain.identifiers import AccountId, GenerationId, MediaId

# An annotation of ours in a model's schema: a text, or a list of texts, that names uploads or outputs.
MEDIA = "x-media"
# Of one field. Providers take few, and each is read.
REFERENCES_MAX = 16


class MediaKind(StrEnum):
    """What a field takes."""

    IMAGE = "image"
    VIDEO = "video"

    @property
    def words(self) -> str:
        """What people call one."""
        return {MediaKind.IMAGE: "an image", MediaKind.VIDEO: "a video"}[self]

    def admits(self, media_type: str) -> bool:
        """Return whether a file of this IANA media type is of this kind."""
        return media_type.startswith(f"{self.value}/")


@dataclass(frozen=True)
class MediaField:
    """A field of an input that names media."""

    name: str
    kind: MediaKind


@dataclass(frozen=True)
class Reference:
    """One id in an input, and which field it stands in."""

    field: MediaField
    path: str
    media_id: MediaId


@dataclass(frozen=True, kw_only=True)
class UsedMedia:
    """A file that a job was given: kept while the job needs it, whatever becomes of where it is from."""

    generation_id: GenerationId
    media_id: MediaId
    account_id: AccountId
    object_key: str
    media_type: str
    size_bytes: int


def media_fields(schema: Mapping[str, Any]) -> Sequence[MediaField]:
    """Return the fields that name media, in the schema's order."""
    return [
        MediaField(name, MediaKind(rule[MEDIA]))
        for name, rule in schema.get("properties", {}).items()
        if MEDIA in rule
    ]


def references(schema: Mapping[str, Any], job: Mapping[str, Any]) -> Sequence[Reference]:
    """Return what an input names that its schema has admitted, in order."""
    return [reference for field in media_fields(schema) for reference in _in(field, job.get(field.name))]


def _in(field: MediaField, value: Any) -> Iterator[Reference]:
    if isinstance(value, str):
        yield Reference(field, field.name, MediaId(value))
    elif isinstance(value, list):
        for place, media_id in enumerate(value):
            yield Reference(field, f"{field.name}.{place}", MediaId(media_id))
