"""Files to look at: good ones of every accepted kind, and strangers."""

import io
from collections.abc import Mapping
from functools import cache

import av
import numpy as np
from PIL import Image
from standins.openai.odd_files import ODD_FILES


def picture(form: str, *, mode: str = "RGB", size: tuple[int, int] = (640, 400)) -> bytes:
    """A picture of noise."""
    target = io.BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(target, form)
    return target.getvalue()


def film(form: str, codec: str = "libvpx-vp9", *, frames: int = 6) -> bytes:
    """A film of a few frames, 640 x 360."""
    target = io.BytesIO()
    with av.open(target, "w", format=form) as container:
        stream = container.add_stream(codec, rate=12, options={"deadline": "realtime", "cpu-used": "8"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(frames):
            level = np.full((360, 640, 3), number * 20, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(level, format="rgb24")))
        container.mux(stream.encode(None))
    return target.getvalue()


@cache
def good_pictures() -> Mapping[str, bytes]:
    """Every accepted kind of picture, and modes that decoders treat apart."""
    return {
        "png": picture("PNG"),
        "png-grey": picture("PNG", mode="L"),
        "png-bits": picture("PNG", mode="1"),
        "png-palette": picture("PNG", mode="P"),
        "png-alpha": picture("PNG", mode="RGBA"),
        "png-deep": picture("PNG", mode="I;16") if "I;16" in Image.MODES else picture("PNG", mode="I"),
        "jpeg": picture("JPEG"),
        "jpeg-cmyk": picture("JPEG", mode="CMYK"),
        "webp": picture("WEBP"),
        "mpo": ODD_FILES["mpo"](),
    }


@cache
def good_films() -> Mapping[str, bytes]:
    """Every accepted kind of film."""
    return {"mp4": film("mp4"), "webm": film("webm")}
