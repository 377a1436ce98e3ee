"""Pictures drawn from a prompt: the same prompt, index and size always give the same picture."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Format = Literal["png", "webp", "jpeg"]
WAVES = 5
BLUR_RADIUS_MAX = 48


@dataclass(frozen=True)
class Picture:
    """What to draw."""

    prompt: str
    index: int
    width: int
    height: int
    transparent: bool = False
    caption: str = "drawn by the OpenAI stand-in"


def draw(picture: Picture) -> Image.Image:
    """Interfering waves in a palette of the prompt's own, captioned as a stand-in's work."""
    seed = hashlib.sha256(f"{picture.index}:{picture.prompt}".encode()).digest()
    random = np.random.default_rng(list(seed))
    image = Image.fromarray(_waves(random, picture.width, picture.height), "RGB")
    pen = ImageDraw.Draw(image)
    pen.text((12, picture.height - 22), picture.caption, fill="white", stroke_width=2, stroke_fill="black")
    if picture.transparent:
        image.putalpha(_disc(picture.width, picture.height))
    return image


def preview(image: Image.Image, *, step: int, steps: int) -> Image.Image:
    """Return the picture as it looks before it is finished: blurred, less so with each step."""
    radius = BLUR_RADIUS_MAX * (steps - step) / (steps + 1)
    return image.filter(ImageFilter.GaussianBlur(radius))


def encode(image: Image.Image, output_format: Format, quality: int) -> bytes:
    """Return the picture as a file."""
    target = io.BytesIO()
    if output_format == "png":
        image.save(target, "PNG", compress_level=1)
    elif output_format == "webp":
        image.save(target, "WEBP", quality=quality, method=0)
    else:
        image.convert("RGB").save(target, "JPEG", quality=max(quality, 1))
    return target.getvalue()


def as_file(picture: Picture, kind: str) -> bytes:
    """Draw a picture as a file of the kind that an ending names: `png`, `jpg`, else WebP."""
    formats: dict[str, Format] = {"png": "png", "jpg": "jpeg"}
    return encode(draw(picture), formats.get(kind, "webp"), 80)


def _waves(random: np.random.Generator, width: int, height: int) -> NDArray[np.uint8]:
    across = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    field = np.zeros((height, width), dtype=np.float32)
    for _ in range(WAVES):
        x, y, frequency, phase = random.uniform((-0.5, -0.5, 6, 0), (1.5, 1.5, 28, 6.28))
        field += np.sin(np.hypot(across - x, down - y, dtype=np.float32) * frequency + phase)
    level = (field / WAVES + 1) / 2
    stops = random.integers(20, 256, size=(4, 3))
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(level, places, stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def _disc(width: int, height: int) -> Image.Image:
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).ellipse((8, 8, width - 8, height - 8), fill=255)
    return mask
