"""What outputs are called as files. Pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from gateway.domain.generation import Generation, Output

WORDS_LENGTH_MAX = 60
_SUFFIXES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "text/markdown": "md",
    "application/json": "json",
}
# What some system takes for a part of a path, a drive or a pattern, and what nobody can see.
_STRANGE = re.compile(r"[^\w -]+")


def named(generations: Sequence[Generation]) -> Iterator[tuple[str, Output]]:
    """Yield each output with a name of its own: the day, the prompt's first words, a number where needed."""
    taken = Counter[str]()
    for generation in generations:
        stem = f"{generation.created_at:%Y-%m-%d} {_words(generation)}"
        for output in generation.outputs:
            name = f"{stem}.{_suffix(output)}"
            # Systems differ in whether case makes two names.
            taken[name.casefold()] += 1
            count = taken[name.casefold()]
            yield (name if count == 1 else f"{stem} ({count}).{_suffix(output)}"), output


def _words(generation: Generation) -> str:
    prompt = unicodedata.normalize("NFC", str(generation.input.get("prompt") or ""))
    words = " ".join(_STRANGE.sub(" ", prompt).split())[:WORDS_LENGTH_MAX].strip()
    return words or generation.generation_id


def suffix_of(media_type: str) -> str:
    """Return what the name of a file of this type ends with."""
    known = media_type.partition(";")[0].strip()
    return _SUFFIXES.get(known) or ("txt" if known.startswith("text/") else "bin")


def _suffix(output: Output) -> str:
    return suffix_of(output.media_type)
