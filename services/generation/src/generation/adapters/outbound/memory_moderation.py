"""Moderation in memory, for tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from generation.domain.moderation import Category
from generation.ports.moderation import ModerationUnavailable


@dataclass
class MemoryModeration:
    """Refuses whatever holds a word of `words`, or is away."""

    words: dict[str, Category] = field(default_factory=dict)
    away: ModerationUnavailable | None = None
    asked: list[list[str]] = field(default_factory=list)

    async def refused(self, texts: Sequence[str]) -> frozenset[Category]:
        self.asked.append(list(texts))
        if self.away:
            raise self.away
        return frozenset(
            category for word, category in self.words.items() if any(word in text for text in texts)
        )
