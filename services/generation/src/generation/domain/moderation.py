"""What is asked for, and what of it is not made here."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from generation.domain.generation import Failure
from generation.domain.input_media import MEDIA

REASON = "CONTENT_REFUSED"


class Category(StrEnum):
    """Why a text is refused, as its writer is told; the value is what stands in the sentence."""

    HARASSMENT = "harassment"
    HATE = "hate"
    ILLICIT = "unlawful acts"
    SELF_HARM = "self-harm"
    SEXUAL = "sexual content"
    SEXUAL_MINORS = "sexual content about minors"
    VIOLENCE = "violence"
    # An operator's own list, or what a service has added since this was written.
    OTHER = "content that is not made here"


def texts_of(job: Mapping[str, Any], schema: Mapping[str, Any]) -> Sequence[str]:
    """Return what a person wrote into an input: every text but those that they chose, and ids of media."""
    rules = schema.get("properties", {})
    written = (
        text
        for name, value in job.items()
        if MEDIA not in rules.get(name, {}) and "enum" not in rules.get(name, {})
        for text in _texts(value)
    )
    return [text for text in written if text.strip()]


def refusal(categories: frozenset[Category]) -> Failure:
    """Return the failure of a job that was refused for these, as its user reads it."""
    return Failure(REASON, f"the request was refused for: {', '.join(sorted(categories))}")


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for each in value.values():
                yield from _texts(each)
        case list() | tuple():
            for each in value:
                yield from _texts(each)
