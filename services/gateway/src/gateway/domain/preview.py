"""Previews of a picture that is being made, as they begin, come and end."""

from dataclasses import dataclass, field

from gateway.domain.generation import Generation


@dataclass(frozen=True, kw_only=True)
class PictureTokens:
    """What a provider counted: of the words, of the pictures that came in, and of the one that came out."""

    text: int
    image: int
    output: int


@dataclass(frozen=True, kw_only=True)
class PreviewsAccepted:
    """First: its credits are reserved."""

    generation: Generation
    is_replayed: bool
    """Whether it was made before, under the same key."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a picture looks like before it is whole; they are numbered from 0."""

    index: int
    content: bytes = field(repr=False)
    media_type: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class PreviewsOver:
    """Last: no more come; the generation's end is told as any other's."""

    tokens: PictureTokens | None


PreviewEvent = PreviewsAccepted | Preview | PreviewsOver
