"""Which of a user's jobs are meant, and how words are found in what was asked for."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from generation.domain.generation import Generation, Status
from generation.domain.identifiers import CollectionId, ModelId
from generation.domain.model import Modality

# Accents as Latin, Greek and Cyrillic have them; other scripts' marks are letters of their own.
_ACCENT_FIRST, _ACCENT_LAST = "\u0300", "\u036f"


@dataclass(frozen=True, kw_only=True)
class LibraryFilter:
    """What a job must be to be listed; whatever is not said does not matter."""

    statuses: frozenset[Status] = frozenset()
    model_id: ModelId | None = None
    modality: Modality | None = None
    created_from: datetime | None = None
    # Exclusive.
    created_before: datetime | None = None
    favourites_only: bool = False
    # Parts of words, as `search_words` returns them: each must be in the prompt, in any order.
    words: tuple[str, ...] = ()
    # What it holds is not said by a job itself: whoever keeps collections looks.
    collection_id: CollectionId | None = None

    def admits(self, generation: Generation) -> bool:
        """Return whether this is a job that is meant, as far as it says so itself."""
        prompt = search_text(generation.input) if self.words else ""
        return (
            (not self.statuses or generation.status in self.statuses)
            and self.model_id in (None, generation.model_id)
            and self.modality in (None, generation.modality)
            and (self.created_from is None or generation.created_at >= self.created_from)
            and (self.created_before is None or generation.created_at < self.created_before)
            and (generation.is_favourite or not self.favourites_only)
            and all(word in prompt for word in self.words)
        )


EVERY_JOB = LibraryFilter()


def search_text(job: Mapping[str, Any]) -> str:
    """Return the prompt of an input as it is searched; empty where there is none."""
    prompt = job.get("prompt")
    return folded(prompt) if isinstance(prompt, str) else ""


def search_words(text: str) -> tuple[str, ...]:
    """Return what a person typed, word by word, each once, as it stands in `search_text`."""
    return tuple(dict.fromkeys(folded(text).split()))


def folded(text: str) -> str:
    """Return a text without the difference of case, of accents and of how a letter is encoded."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(letter for letter in apart if not _ACCENT_FIRST <= letter <= _ACCENT_LAST)
    return unicodedata.normalize("NFKC", bare)
