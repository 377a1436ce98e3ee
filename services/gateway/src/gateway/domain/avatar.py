"""The small picture that a person sent in of themselves."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Avatar:
    """A WebP of at most 64 KiB; `version` is another for each picture."""

    picture: bytes
    version: str
