"""What stands where a picture is about to be: its BlurHash, drawn small enough to be a part of the page."""

import base64
import struct
from functools import lru_cache

import blurhash

# Browsers draw it as large as the picture, with soft edges between the pixels.
_LONG, _SHORT = 12, 9
_KEPT_MAX = 4_096
_HEADER_BYTES = 54


@lru_cache(maxsize=_KEPT_MAX)
def placeholder(hashed: str | None) -> str | None:
    """Return a picture as an address that holds it; None where there is no hash, or none that can be read."""
    if not hashed:
        return None
    try:
        across, down = blurhash.components(hashed)
        width, height = (_LONG, _SHORT) if across >= down else (_SHORT, _LONG)
        rows = blurhash.decode(hashed, width, height)
    except (ValueError, KeyError):
        return None
    return "data:image/bmp;base64," + base64.b64encode(_bitmap(rows, width, height)).decode()


def sized_placeholder(hashed: str | None, width: int, height: int) -> str | None:
    """Return the same as a picture of this size, so that its place is kept until the large one is there."""
    drawn = placeholder(hashed)
    if drawn is None or width < 1 or height < 1:
        return None
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<image href="{drawn}" width="{width}" height="{height}" preserveAspectRatio="none"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _bitmap(rows: list[list[list[int]]], width: int, height: int) -> bytes:
    """Return pixels as a Windows bitmap, which every browser reads: 24 bits, from the lowest row up."""
    padding = bytes(-3 * width % 4)
    body = b"".join(
        b"".join(struct.pack("BBB", *map(round, reversed(pixel))) for pixel in row) + padding
        for row in reversed(rows)
    )
    header = struct.pack(
        "<2sIHHIIiiHHIIiiII",
        *(b"BM", _HEADER_BYTES + len(body), 0, 0, _HEADER_BYTES),
        *(40, width, height, 1, 24, 0, len(body), 2_835, 2_835, 0, 0),
    )
    return header + body
