"""Pictures of some thirty characters, for pages that wait for the large ones."""

from typing import TYPE_CHECKING

import structlog

from generation.adapters.outbound.thumbnails import shrunk

if TYPE_CHECKING:  # the API process never decodes
    from PIL.Image import Image

# What a hash of so few waves can hold; it is worked out in Python, for each pixel.
EDGE_PIXELS_MAX = 32
LONG_WAVES, SHORT_WAVES = 4, 3
log = structlog.get_logger(__name__)


def blurhash_of(image: "Image") -> str | None:
    """Return the picture's BlurHash, upright.

    None when it can be seen through, since a hash can't, or when it can't be made: nobody misses an output
    for that.
    """
    try:
        import blurhash
        import numpy as np

        small = shrunk(image, EDGE_PIXELS_MAX)
        if "A" in small.getbands() and small.getchannel("A").getextrema()[0] != 255:
            return None
        waves = (LONG_WAVES, SHORT_WAVES) if small.width >= small.height else (SHORT_WAVES, LONG_WAVES)
        pixels = np.asarray(small.convert("RGB")).tolist()
        hashed: str = blurhash.encode(pixels, components_x=waves[0], components_y=waves[1])
    except Exception as error:  # noqa: BLE001 - odd modes and profiles raise what they like
        log.warning("no placeholder", error=repr(error))
        return None
    return hashed
