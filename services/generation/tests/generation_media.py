"""Files to look at: good ones of every accepted kind, and strangers."""

import io
from collections.abc import Mapping
from functools import cache

import av
import numpy as np
from PIL import Image
from standins.odd_files import ODD_FILES
from standins.speaking import spoken


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
            level = np.full((360, 640, 3), number * 20 % 256, dtype=np.uint8)
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


@cache
def good_sounds() -> Mapping[str, bytes]:
    """Every accepted kind of sound, and one of a rate below the usual, without a tag before it."""
    sounds = {kind: spoken("a red fox waits", "coral", kind) for kind in ("mp3", "wav", "opus")}
    return {**sounds, "mp3-bare": sounds["mp3"][sounds["mp3"].index(b"\xff\xf3") :]}


def sound(form: str, codec: str, *, rate: int = 48_000, seconds: float = 0.5) -> bytes:
    """Silence, encoded as is said."""
    target = io.BytesIO()
    with av.open(target, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.layout = "mono"
        samples = np.zeros((1, int(rate * seconds)), dtype=np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return target.getvalue()
