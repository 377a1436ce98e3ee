"""What a file really is: its type from its bytes, its size from decoding it."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import puremagic

from generation.domain.model import Modality
from generation.ports.media_intake import OutputUnusable

PIXELS_MAX = 50_000_000
# Enough to prove that a video decodes, few enough to stay quick.
FRAMES_DECODED_MAX = 24
TEXT_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True)
class MediaFacts:
    """What decoding showed."""

    media_type: str
    extension: str
    width: int = 0
    height: int = 0
    duration_s: float = 0.0


# What Pillow and PyAV call the formats that are accepted. Nothing else is stored: a browser would
# run an SVG or an HTML page.
IMAGE_FORMATS = {
    "PNG": ("image/png", "png"),
    "WEBP": ("image/webp", "webp"),
    "JPEG": ("image/jpeg", "jpg"),
}
VIDEO_SUFFIXES = {".mp4": ("video/mp4", "mp4"), ".webm": ("video/webm", "webm")}


def inspect(path: Path, *, modality: Modality) -> MediaFacts:
    """Decodes the file as what it should be. Raises OutputUnusable."""
    match modality:
        case Modality.IMAGE:
            return _image(path)
        case Modality.VIDEO:
            return _video(path)
        case Modality.TEXT:
            return _text(path)


def _image(path: Path) -> MediaFacts:
    from PIL import Image, UnidentifiedImageError  # the API process never decodes

    sniffed = _sniff(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=list(IMAGE_FORMATS)) as image:
                width, height = image.size
                if width * height > PIXELS_MAX:
                    raise OutputUnusable(f"the image has more than {PIXELS_MAX} pixels")
                image.load()
                media_type, extension = IMAGE_FORMATS[image.format or ""]
    except (UnidentifiedImageError, OSError, ValueError, KeyError, SyntaxError, Warning) as error:
        raise OutputUnusable(f"the image can't be decoded: {error}") from error
    if media_type not in sniffed:
        raise OutputUnusable(f"the bytes look like {', '.join(sorted(sniffed)) or 'nothing known'}")
    return MediaFacts(media_type, extension, width, height)


def _video(path: Path) -> MediaFacts:
    import av  # the API process never decodes
    from av.error import FFmpegError

    suffix = next((s for s in VIDEO_SUFFIXES if VIDEO_SUFFIXES[s][0] in _sniff(path)), None)
    if suffix is None:
        raise OutputUnusable("the bytes look like no video that is accepted")
    try:
        with av.open(str(path), format="mp4" if suffix == ".mp4" else "matroska") as container:
            stream = container.streams.video[0]
            if stream.width * stream.height > PIXELS_MAX:
                raise OutputUnusable(f"a frame has more than {PIXELS_MAX} pixels")
            decoded = 0
            for _ in container.decode(stream):
                decoded += 1
                if decoded == FRAMES_DECODED_MAX:
                    break
            if not decoded:
                raise OutputUnusable("the video has no frame")
            duration_s = float(container.duration or 0) / 1_000_000
            media_type, extension = VIDEO_SUFFIXES[suffix]
            return MediaFacts(media_type, extension, stream.width, stream.height, round(duration_s, 3))
    except (FFmpegError, IndexError, ValueError) as error:
        raise OutputUnusable(f"the video can't be decoded: {error}") from error


def _text(path: Path) -> MediaFacts:
    if path.stat().st_size > TEXT_BYTES_MAX:
        raise OutputUnusable(f"the text is longer than {TEXT_BYTES_MAX} bytes")
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise OutputUnusable("the text is not UTF-8") from error
    return MediaFacts("text/plain; charset=utf-8", "txt")


def _sniff(path: Path) -> set[str]:
    try:
        return {match.mime_type for match in puremagic.magic_file(path)}
    except (puremagic.PureError, ValueError):
        return set()
