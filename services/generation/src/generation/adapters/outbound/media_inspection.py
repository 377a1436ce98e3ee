"""What a file really is: its type from its bytes, its size from decoding it.

The bytes are a stranger's and the decoders are large: whatever they raise is the file's fault. Runs in
a process of its own (inspection_process.py), for what they don't raise but do.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import puremagic

from generation.adapters.outbound.placeholders import blurhash_of
from generation.adapters.outbound.sound_inspection import kind_of, seconds_of
from generation.adapters.outbound.thumbnails import ThumbnailFacts, write_thumbnail
from generation.domain.model import Modality
from generation.ports.media_intake import OutputUnusable

if TYPE_CHECKING:  # the API process never decodes
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL.Image import Image as Picture

PIXELS_MAX = 50_000_000
# Enough to prove that a video decodes, few enough to stay quick.
FRAMES_DECODED_MAX = 24
TEXT_BYTES_MAX = 4 * 1024 * 1024
HEAD_BYTES = 512


@dataclass(frozen=True)
class MediaFacts:
    """What decoding showed."""

    media_type: str
    extension: str
    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    thumbnail: ThumbnailFacts | None = None
    blurhash: str | None = None


# What Pillow and PyAV call the formats that are accepted. Nothing else is stored: a browser would
# run an SVG or an HTML page. An MPO is a JPEG with more pictures behind the first.
IMAGE_FORMATS = {
    "PNG": ("image/png", "png"),
    "WEBP": ("image/webp", "webp"),
    "JPEG": ("image/jpeg", "jpg"),
    "MPO": ("image/jpeg", "jpg"),
}
VIDEO_SUFFIXES = {".mp4": ("video/mp4", "mp4"), ".webm": ("video/webm", "webm")}
# What comes in place of a picture often enough to be named.
OTHER_HEADS = {
    b"gif8": "a GIF",
    b"<svg": "an SVG",
    b"<?xml": "an XML document",
    b"<!doctype html": "an HTML page",
    b"<html": "an HTML page",
    b"%pdf": "a PDF",
    b"{": "a JSON document",
}


def inspect(path: Path, *, modality: Modality, thumbnail: Path | None = None) -> MediaFacts:
    """Decode the file as what it should be, and draw its thumbnail when told where.

    Raises OutputUnusable, and nothing else, whatever the bytes.
    """
    try:
        match modality:
            case Modality.TEXT:
                return _text(path)
            case Modality.IMAGE:
                refuse_other_kinds(path)
                return _image(path, thumbnail)
            case Modality.VIDEO:
                refuse_other_kinds(path)
                return _video(path, thumbnail)
            case Modality.AUDIO:
                refuse_other_kinds(path)
                return _audio(path)
    except OutputUnusable:
        raise
    except Exception as error:
        detail = f"the {modality} can't be decoded: {type(error).__name__}: {error}"
        raise OutputUnusable(detail[:500]) from error


def refuse_other_kinds(path: Path) -> None:
    """Raise OutputUnusable, by name, for what is sent in place of media often enough."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not head:
        raise OutputUnusable("the file is empty")
    for start, name in OTHER_HEADS.items():
        if head.startswith(start):
            raise OutputUnusable(f"the file is {name}, which is not accepted")


def _image(path: Path, thumbnail: Path | None) -> MediaFacts:
    sniffed = _sniff(path)
    with opened_picture(path) as image:
        width, height = image.size
        image.load()
        media_type, extension = IMAGE_FORMATS[image.format or ""]
        if media_type not in sniffed:
            found = ", ".join(sorted(sniffed)) or "nothing known"
            raise OutputUnusable(f"the bytes look like {found}")
        small = write_thumbnail(image, thumbnail) if thumbnail else None
        hashed = blurhash_of(image)
        return MediaFacts(media_type, extension, width, height, thumbnail=small, blurhash=hashed)


@contextmanager
def opened_picture(path: Path) -> "Iterator[Picture]":
    """Open a PNG, a WebP or a JPEG whose header promises few enough pixels; nothing is unpacked yet.

    Raises OutputUnusable for too many, and whatever Pillow raises for what is none.
    """
    from PIL import Image

    too_large = OutputUnusable(f"the image has more than {PIXELS_MAX} pixels")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Opening reads the header alone: the size is known before anything is unpacked.
            with Image.open(path, formats=["PNG", "WEBP", "JPEG"]) as image:
                width, height = image.size
                if width * height > PIXELS_MAX:
                    raise too_large
                yield image
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise too_large from error


def _video(path: Path, thumbnail: Path | None) -> MediaFacts:
    suffix = next((s for s in VIDEO_SUFFIXES if VIDEO_SUFFIXES[s][0] in _sniff(path)), None)
    if suffix is None:
        raise OutputUnusable("the bytes look like no video that is accepted")
    with opened_film(path, suffix) as (container, stream):
        frames = _frames(container, stream)
        if (first := next(frames, None)) is None:
            raise OutputUnusable("the video has no frame")
        for _ in range(FRAMES_DECODED_MAX - 1):
            next(frames, None)
        still = _drawn(first)
        small = write_thumbnail(still, thumbnail) if thumbnail else None
        duration_s = round(float(container.duration or 0) / 1_000_000, 3)
        media_type, extension = VIDEO_SUFFIXES[suffix]
        return MediaFacts(
            media_type, extension, stream.width, stream.height, duration_s, small, blurhash_of(still)
        )


@contextmanager
def opened_film(path: Path, suffix: str) -> "Iterator[tuple[InputContainer, VideoStream]]":
    """Open a film whose frames have few enough pixels. Raises OutputUnusable, and whatever PyAV raises."""
    import av

    with av.open(str(path), format="mp4" if suffix == ".mp4" else "matroska") as container:
        if not container.streams.video:
            raise OutputUnusable("the file has no picture")
        stream = container.streams.video[0]
        # A thread for each processor would hold a frame each.
        stream.codec_context.thread_count = 1
        # The decoder's own bound holds for frames that are larger than the header says.
        stream.codec_context.options = {"max_pixels": str(PIXELS_MAX)}
        if stream.width * stream.height > PIXELS_MAX:
            raise OutputUnusable(f"a frame has more than {PIXELS_MAX} pixels")
        yield container, stream


def _frames(container: "InputContainer", stream: "VideoStream") -> "Iterator[VideoFrame]":
    yield from container.decode(stream)


def _drawn(frame: "VideoFrame") -> "Picture":
    image: Picture = frame.to_image()  # type: ignore[no-untyped-call]
    return image


def _audio(path: Path) -> MediaFacts:
    sound = kind_of(path)
    return MediaFacts(sound.media_type, sound.extension, duration_s=seconds_of(path, sound))


def _text(path: Path) -> MediaFacts:
    if path.stat().st_size > TEXT_BYTES_MAX:
        raise OutputUnusable(f"the text is longer than {TEXT_BYTES_MAX} bytes")
    return inspect_text(path.read_bytes())


def inspect_text(content: bytes) -> MediaFacts:
    """Return what a whole text is. Raises OutputUnusable for what is none."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise OutputUnusable("the text is not UTF-8") from error
    return MediaFacts("text/plain; charset=utf-8", "txt")


def _sniff(path: Path) -> set[str]:
    try:
        return {match.mime_type for match in puremagic.magic_file(path)}
    except (puremagic.PureError, ValueError):
        return set()
