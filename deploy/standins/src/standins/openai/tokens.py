"""A stand-in for tokenization: words and punctuation marks, with the space before them."""

from __future__ import annotations

import re

TOKEN = re.compile(r"\s*(?:\w+|[^\w\s])|\s+$")


def tokens_of(text: str) -> list[str]:
    """Cut a text; the pieces joined give the text again."""
    return TOKEN.findall(text)


def token_count(text: str) -> int:
    """How many pieces a text has."""
    return len(tokens_of(text))
