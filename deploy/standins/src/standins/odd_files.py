"""Files that nobody should get for a picture, and a few that are odd and good."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache

from PIL import Image

BOMB_EDGE = 20_000
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><title>Sign in</title><p>The file has moved.</p>"


@cache
def bomb() -> bytes:
    """Return a one-bit PNG of 20000 x 20000: some 50 KB that unpack to 400 MB."""
    header = struct.pack(">IIBBBBB", BOMB_EDGE, BOMB_EDGE, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + BOMB_EDGE // 8)
    body = b"".join(packer.compress(row) for _ in range(BOMB_EDGE)) + packer.flush()
    return PNG_SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def mpo() -> bytes:
    """Return what phones and some encoders make: a JPEG with a second picture behind the first."""
    target = io.BytesIO()
    first, second = Image.new("RGB", (640, 480), "teal"), Image.new("RGB", (640, 480), "navy")
    first.save(target, "MPO", save_all=True, append_images=[second])
    return target.getvalue()


def gif() -> bytes:
    """Return a picture of a format that no client asked for."""
    target = io.BytesIO()
    Image.new("P", (64, 64)).save(target, "GIF")
    return target.getvalue()


def truncated() -> bytes:
    """Return the first half of a PNG."""
    target = io.BytesIO()
    Image.effect_noise((256, 256), 80).save(target, "PNG")
    return target.getvalue()[: target.tell() // 2]


ODD_FILES: dict[str, Callable[[], bytes]] = {
    "bomb": bomb,
    "mpo": mpo,
    "gif": gif,
    "svg": lambda: SVG,
    "html": lambda: HTML,
    "empty": lambda: b"",
    "noise": lambda: bytes(range(256)) * 16,
    "truncated": truncated,
}


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
