"""Lucide's icons as inline SVG, which takes the colour of its text: `{{ icon("search") }}`."""

import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

_FOLDER = Path(__file__).parent / "static" / "vendor" / "lucide"
_OPENING = (
    '<svg viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.75"'
    ' stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">'
)


@cache
def icon(name: str) -> Markup:
    """Return an icon; readers hear the text beside it. Raises FileNotFoundError for a name without a file."""
    drawn = (_FOLDER / f"{name}.svg").read_text()
    inside = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", drawn, flags=re.DOTALL)
    return Markup(_OPENING + re.sub(r"\s*\n\s*", "", inside) + "</svg>")  # noqa: S704 - our own files
