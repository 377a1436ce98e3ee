"""Small pictures of large ones, for pages that show many."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:  # the API process never decodes
    from PIL.Image import Image

EDGE_PIXELS_MAX = 480
QUALITY = 80
MEDIA_TYPE = "image/webp"
EXTENSION = "webp"
# What can be averaged as it is. The other modes are smaller, or rare.
REDUCIBLE = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ThumbnailFacts:
    """A WebP that was written."""

    width: int
    height: int


def write_thumbnail(image: "Image", path: Path) -> ThumbnailFacts | None:
    """Write the picture, upright, with at most 480 pixels on its long side.

    None when it is as small already, or when it can't be made: nobody misses an output for that.
    """
    if max(image.size) <= EDGE_PIXELS_MAX:
        return None
    try:
        small = shrunk(image, EDGE_PIXELS_MAX)
        small.save(path, "WEBP", quality=QUALITY, exif=b"")
    except Exception as error:  # noqa: BLE001 - odd modes and profiles raise what they like
        log.warning("no thumbnail", error=repr(error))
        path.unlink(missing_ok=True)
        return None
    return ThumbnailFacts(*small.size)


def shrunk(image: "Image", edge_pixels_max: int) -> "Image":
    """Return the picture, upright, with at most so many pixels on its long side, in RGB or in RGBA."""
    from PIL import ImageOps

    has_alpha = "A" in image.getbands() or "transparency" in image.info
    # Another whole copy of a large picture would be the most memory that looking at it takes.
    factor = max(1, min(image.size) // (2 * edge_pixels_max))
    small = image.reduce(factor) if image.mode in REDUCIBLE else image
    small = small.convert("RGBA" if has_alpha else "RGB")
    small.thumbnail((edge_pixels_max, edge_pixels_max))
    return ImageOps.exif_transpose(small)
