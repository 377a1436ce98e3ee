"""A stored file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from generation.domain.identifiers import AccountId, GenerationId, OutputId


class Incomplete(StrEnum):
    """Why a file holds only the beginning of what was asked for."""

    # The answer was as long as it was allowed to be.
    LENGTH = "length"
    # The provider stopped in the middle: its answer broke off or ended in an error.
    BROKEN_OFF = "broken_off"


class Part(StrEnum):
    """What of an output is kept beside it, where that is small."""

    CONTENT = "content"
    # The provider's whole answer, of which the output is a text.
    ANSWER = "answer"


@dataclass(frozen=True, kw_only=True)
class Output:
    """What is known of a file after it was decoded; `object_key` is where its bytes are, unless inline."""

    output_id: OutputId
    generation_id: GenerationId
    account_id: AccountId
    position: int
    object_key: str
    media_type: str
    size_bytes: int
    sha256: str
    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    # A small picture of it, where one was made.
    thumbnail_key: str | None = None
    incomplete: Incomplete | None = None
    # A picture of it in some thirty characters, where one was made.
    blurhash: str | None = None
    # The provider's whole answer, of which this is a text: what a repeated call is answered with.
    answer_key: str | None = None
    # Its bytes are gone since then; what is known of it stays.
    expired_at: datetime | None = None
    # Its bytes are kept beside this, and not in the store, as of a text of a few kilobytes.
    is_inline: bool = False
    # Those bytes, and a whole answer that is as small, of an output that is new: nobody reads them with it.
    content: bytes | None = field(default=None, repr=False)
    answer: bytes | None = field(default=None, repr=False)

    @property
    def object_keys(self) -> tuple[str, ...]:
        """Everything that is in the store for it, to be kept and removed together."""
        own = None if self.is_inline else self.object_key
        return tuple(key for key in (own, self.thumbnail_key, self.answer_key) if key)

    @property
    def texts(self) -> Mapping[Part, bytes]:
        """What is kept beside a new output. Raises ValueError where an inline one comes without its bytes."""
        if self.is_inline != (self.content is not None):
            raise ValueError(f"{self.output_id} is inline or has its bytes with it, and not both")
        parts = {Part.CONTENT: self.content, Part.ANSWER: self.answer}
        return {part: content for part, content in parts.items() if content is not None}

    @property
    def file_name(self) -> str:
        """The name a download gets."""
        return f"tintype-{self.generation_id[-12:]}-{self.position + 1}.{self.object_key.rsplit('.', 1)[-1]}"


def object_key(account: AccountId, generation: GenerationId, output: OutputId, *, extension: str) -> str:
    """Keys are made of our own ids only, so nothing a user wrote is ever part of a path."""
    return f"{account}/{generation}/{output}.{extension}"


def thumbnail_key(account: AccountId, generation: GenerationId, output: OutputId, *, extension: str) -> str:
    """Beside the output's own."""
    return f"{account}/{generation}/{output}.thumbnail.{extension}"


def answer_key(account: AccountId, generation: GenerationId, output: OutputId) -> str:
    """Beside the output's own."""
    return f"{account}/{generation}/{output}.answer.json"
