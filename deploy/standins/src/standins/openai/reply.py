"""A small reply composed from the prompt: the same prompt always gets the same one."""

from __future__ import annotations

import hashlib
import random

QUOTED_LENGTH_MAX = 200
OPENINGS = ("You asked about", "Here is a thought on", "Concerning", "On the matter of")
WORDS = [
    "light",
    "silver",
    "plate",
    "exposure",
    "shadow",
    "grain",
    "lens",
    "frame",
    "portrait",
    "darkroom",
    "print",
    "paper",
    "contrast",
    "shutter",
    "focus",
    "negative",
    "studio",
    "glass",
    "iron",
    "varnish",
]


def compose(prompt: str, *, words: int | None) -> str:
    """Two sentences that quote the prompt, or as many words as asked for."""
    seed = hashlib.sha256(prompt.encode()).hexdigest()
    source = random.Random(seed)
    if words is not None:
        return " ".join(source.choice(WORDS) for _ in range(words))
    picked = " ".join(source.sample(WORDS, 5))
    quoted = prompt[:QUOTED_LENGTH_MAX] or "nothing in particular"
    return f'{source.choice(OPENINGS)} "{quoted}". A stand-in wrote this: {picked}.'
