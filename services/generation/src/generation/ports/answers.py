"""What calls to providers came to, kept until their jobs have ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from generation.domain.identifiers import AttemptId, GenerationId
from generation.ports.media_provider import RunReport


@dataclass(frozen=True)
class StoredAnswer:
    """`document` is everything but the bytes; each of `contents` belongs to one output, by position."""

    document: str
    contents: Sequence[bytes | None] = ()


class Answers(Protocol):
    """The table of them. Bytes are read piece by piece, so that none is in memory whole."""

    async def keep(self, key: AttemptId, answer: StoredAnswer) -> None:
        """Store an answer. Idempotent; a job that has ended, or never was, needs none."""
        ...

    async def document(self, key: AttemptId) -> str | None:
        """Return the document that was kept under this key."""
        ...

    async def piece(self, key: AttemptId, *, output: int, number: int) -> bytes | None:
        """One piece of one output's bytes, counted from 0; None after the last."""
        ...

    async def forget(self, generation_id: GenerationId) -> None:
        """Remove what was kept for a job."""
        ...

    async def forget_ended(self, *, limit: int) -> int:
        """Remove answers that came after their jobs had ended; return how many."""
        ...


class AnswerSpool(Protocol):
    """Keeps a paid answer where every worker finds it, before anybody acts on it.

    Both methods raise StorageUnavailable.
    """

    async def keep(self, key: AttemptId, report: RunReport) -> None:
        """Store how a run ended, its outputs' bytes or addresses included. Idempotent."""
        ...

    async def find(self, key: AttemptId) -> RunReport | None:
        """How the run ended, its outputs readable again; None when nothing was kept."""
        ...
