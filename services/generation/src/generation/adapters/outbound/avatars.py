"""A small square of the middle of a picture, for its person's profile.

Runs in the process that looks at strangers' files (inspection_process.py).
"""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from generation.adapters.outbound.media_inspection import MediaFacts
from generation.adapters.outbound.redrawing import STILL_TAKEN, pixels_of, refused_by_name
from generation.ports.media_intake import OutputUnusable

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

EDGE_PIXELS = 256
SIZE_BYTES_MAX = 64 * 1024
# From good to small enough for noise, in which no picture of a person comes near the bound.
QUALITIES = (85, 60, 30)


def write_avatar(path: Path, *, target: Path) -> MediaFacts:
    """Draw the picture in `target`: upright, in sRGB, 256 by 256 pixels. Raises OutputUnusable alone."""
    from PIL import Image, ImageOps

    with refused_by_name(path, taken=STILL_TAKEN):
        plain, _ = pixels_of(path)
        square = ImageOps.fit(plain, (EDGE_PIXELS, EDGE_PIXELS), method=Image.Resampling.LANCZOS)
        target.write_bytes(_small_enough(square))
        return MediaFacts("image/webp", "webp", EDGE_PIXELS, EDGE_PIXELS)


def _small_enough(square: "Picture") -> bytes:
    for quality in QUALITIES:
        written = io.BytesIO()
        square.save(written, "WEBP", quality=quality, alpha_quality=quality, method=4)
        if written.tell() <= SIZE_BYTES_MAX:
            return written.getvalue()
    raise OutputUnusable("the picture is too noisy to be made small")
