"""Words that are not made here, from a file of the operator's."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from generation.domain.library_filter import folded
from generation.domain.moderation import Category

FILE_BYTES_MAX = 1024 * 1024
# What people put between letters that nobody sees.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_WORD = re.compile(r"\w+")
_CATEGORIES = {category.name.lower(): category for category in Category}


class BadWordList(ValueError):
    """The file can't be read, or a line in it makes no sense."""


class WordList:
    """One entry a line, `violence: blow up` or `blow up`; a `*` at either end stands for any letters.

    Whole words alone are found, whatever their case, their accents and what stands between them.
    """

    def __init__(self, entries: Mapping[str, Category]) -> None:
        self._entries = [(_pattern(phrase), category) for phrase, category in entries.items()]

    @classmethod
    def read(cls, path: Path) -> "WordList":
        """Read a file. Raises BadWordList."""
        try:
            with path.open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
            text = content.decode()
        except (OSError, UnicodeDecodeError) as error:
            raise BadWordList(str(error)) from error
        if len(content) > FILE_BYTES_MAX:
            raise BadWordList(f"{path} is larger than {FILE_BYTES_MAX} bytes")
        lines = [line.partition("#")[0].strip() for line in text.splitlines()]
        return cls(dict(_entry(line, number) for number, line in enumerate(lines, 1) if line))

    async def refused(self, texts: Sequence[str]) -> frozenset[Category]:
        read = [f" {' '.join(_words(text))} " for text in texts]
        return frozenset(
            category for pattern, category in self._entries if any(pattern.search(text) for text in read)
        )


def _entry(line: str, number: int) -> tuple[str, Category]:
    word, colon, phrase = line.partition(":")
    if not colon:
        word, phrase = "other", line
    if (category := _CATEGORIES.get(word.strip())) is None:
        raise BadWordList(f"line {number}: {word.strip()!r} is none of {', '.join(sorted(_CATEGORIES))}")
    if not _words(phrase):
        raise BadWordList(f"line {number} has no word")
    return phrase.strip(), category


def _words(text: str) -> list[str]:
    return _WORD.findall(folded(_UNSEEN.sub("", text)))


def _pattern(phrase: str) -> re.Pattern[str]:
    """Return what finds a phrase in words with one blank between them, and around them."""
    parts = " ".join(re.escape(word) for word in _words(phrase))
    begin, end = (r"\w*" if cut else "" for cut in (phrase.startswith("*"), phrase.endswith("*")))
    return re.compile(f" {begin}{parts}{end} ")
