"""A picture drawn anew from its pixels: nothing that its file held beside them is in the new one.

Runs in the process that looks at strangers' files (inspection_process.py).
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generation.adapters.outbound.media_inspection import (
    HEAD_BYTES,
    IMAGE_FORMATS,
    MediaFacts,
    opened_picture,
    refuse_other_kinds,
)
from generation.adapters.outbound.placeholders import blurhash_of
from generation.adapters.outbound.thumbnails import write_thumbnail
from generation.ports.media_intake import OutputUnusable

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

STILL_TAKEN = "PNG, JPEG and WebP pictures are taken"
TAKEN = f"{STILL_TAKEN}, and MP4 and WebM films"
JPEG_QUALITY = WEBP_QUALITY = 95
# What begins as an ISO media file; a phone's pictures come so when nobody asked for JPEG.
BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF", b"avif": "AVIF", b"avis": "AVIF"}
# Beyond that its encoder takes more memory than there is.
WEBP_PIXELS_MAX = 16_000_000
_LOSSLESS_WEBP = b"VP8L"


def redrawn(path: Path, *, target: Path, thumbnail: Path) -> MediaFacts:
    """Draw the picture in `target`, upright, in sRGB with 8 bits a channel, and its thumbnail.

    A moving picture is refused rather than cut to its first frame: nobody asked for that one. Of several
    pictures in a JPEG, as phones and cameras write them, the first is the picture. Raises OutputUnusable, and
    nothing else.
    """
    with refused_by_name(path, taken=TAKEN):
        return _redrawn(path, target, thumbnail)


@contextmanager
def refused_by_name(path: Path, *, taken: str) -> Iterator[None]:
    """Refuse a file that is no picture, and make OutputUnusable of whatever looking at it raises."""
    try:
        refuse_other_kinds(path)
        _refuse_brands(path)
        yield
    except OutputUnusable as unusable:
        raise OutputUnusable(f"{unusable}: {taken}") from unusable
    except MemoryError as error:
        raise OutputUnusable("decoding the picture takes too much memory; send a smaller one") from error
    except Exception as error:
        detail = f"the picture can't be decoded: {type(error).__name__}"
        raise OutputUnusable(f"{detail}: {taken}") from error


def _refuse_brands(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[4:8] == b"ftyp":
        name = BRANDS.get(head[8:12])
        raise OutputUnusable(f"the file is {name}" if name else "the file is a film")


def _redrawn(path: Path, target: Path, thumbnail: Path) -> MediaFacts:
    # The decoder, which may hold the picture twice over, goes before another is made of it.
    plain, form = pixels_of(path)
    if form == "WEBP" and plain.width * plain.height > WEBP_PIXELS_MAX:
        form = "PNG" if plain.mode == "RGBA" else "JPEG"
    media_type, extension = IMAGE_FORMATS[form]
    _save(plain, target, media_type, lossless=_LOSSLESS_WEBP in _head(path))
    small = write_thumbnail(plain, thumbnail)
    width, height = plain.size
    return MediaFacts(media_type, extension, width, height, thumbnail=small, blurhash=blurhash_of(plain))


def pixels_of(path: Path) -> "tuple[Picture, str]":
    """Return a still picture, upright, in sRGB with 8 bits a channel, and what form it came in."""
    with opened_picture(path) as image:
        form = image.format or ""
        if form != "MPO" and getattr(image, "n_frames", 1) > 1:
            raise OutputUnusable("the picture moves; send a still one")
        image.load()
        plain = _plain(_upright(image))
    # Whatever it came with stays behind: profile, EXIF, XMP, texts, comments.
    plain.info = {}
    return plain, form


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)


def _upright(image: "Picture") -> "Picture":
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - EXIF that makes no sense says nothing of the pixels
        return image


def _plain(image: "Picture") -> "Picture":
    """Return the picture in RGB or RGBA, by its own colour profile where it has one."""
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    mode = "RGBA" if has_alpha else "RGB"
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        return _eight_bits(image).convert(mode)
    if image.mode in ("P", "PA", "1", "LA"):
        image = image.convert(mode)
    if profile and (managed := _in_srgb(image, profile, mode)):
        return managed
    return image if image.mode == mode else image.convert(mode)


def _eight_bits(image: "Picture") -> "Picture":
    """Return the picture with the upper half of its sixteen bits; Pillow's own conversion cuts off at 255."""
    import numpy as np
    from PIL import Image

    deep = np.asarray(image, dtype=np.int64)
    return Image.fromarray(np.clip(deep >> 8, 0, 255).astype(np.uint8))


def _in_srgb(image: "Picture", profile: bytes, mode: str) -> "Picture | None":
    from PIL import ImageCms

    try:
        known = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, known, ImageCms.createProfile("sRGB"), outputMode=mode)
    except Exception:  # noqa: BLE001 - a profile that makes no sense, or is of another mode, says nothing
        return None


def _save(picture: "Picture", target: Path, media_type: str, *, lossless: bool) -> None:
    options: dict[str, Any] = {
        "image/jpeg": {"format": "JPEG", "quality": JPEG_QUALITY, "subsampling": 0},
        "image/png": {"format": "PNG", "compress_level": 4},
        "image/webp": {"format": "WEBP", "lossless": lossless, "quality": 50 if lossless else WEBP_QUALITY},
    }[media_type]
    if media_type == "image/webp":
        options["method"] = 1
    picture.save(target, **options)
