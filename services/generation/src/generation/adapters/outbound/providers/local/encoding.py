"""Pictures and films as files that say a program drew them."""

import io
from collections.abc import Callable, Mapping
from typing import Any

from generation.adapters.outbound.providers.local.painting import Scene, paint, scene_of

SOFTWARE = "Tintype local provider"
CREDIT = "Drawn by a program from the words of a prompt; no camera and no model was involved."
IMAGE_SIDE = 768
VIDEO_SIDE = 512
FRAMES_PER_SECOND = 24

Progress = Callable[[float], None]


class Stopped(Exception):
    """The run was told to stop. Raised by the progress callback."""


def draw_image(job: Mapping[str, Any], position: int, progress: Progress) -> bytes:
    """One picture as PNG or WebP; the outputs of a job differ by position."""
    from PIL import Image

    width, height = dimensions(str(job["ratio"]), IMAGE_SIDE)
    progress(0.1)
    picture = Image.fromarray(paint(_scene(job, position), width, height))
    progress(0.7)
    file = io.BytesIO()
    if job["output_format"] == "webp":
        picture.save(file, "WEBP", quality=90, method=2, exif=_exif())
    else:
        picture.save(file, "PNG", compress_level=3, pnginfo=_png_text(), exif=_exif())
    progress(1.0)
    return file.getvalue()


def draw_video(job: Mapping[str, Any], position: int, progress: Progress) -> bytes:
    """One silent film in VP9, as MP4 or WebM; it ends where it began."""
    import av

    scene = _scene(job, position)
    width, height = dimensions(str(job["ratio"]), VIDEO_SIDE)
    frames = int(job["duration_s"]) * FRAMES_PER_SECOND
    file = io.BytesIO()
    with av.open(file, "w", format=str(job["output_format"])) as container:
        container.metadata.update({"encoder": SOFTWARE, "comment": CREDIT})
        stream = container.add_stream(
            "libvpx-vp9",
            rate=FRAMES_PER_SECOND,
            options={"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "crf": "32", "b": "0"},
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 2
        for number in range(frames):
            progress(number / frames)
            picture = paint(scene, width, height, phase=number / frames)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    progress(1.0)
    return file.getvalue()


def dimensions(ratio: str, side: int) -> tuple[int, int]:
    """Width and height with the ratio's shape: the longer one is `side`, both are multiples of 16."""
    across, down = (int(part) for part in ratio.split(":"))
    longer = max(across, down)
    return tuple(max(16, round(side * part / longer / 16) * 16) for part in (across, down))  # type: ignore[return-value]


def _scene(job: Mapping[str, Any], position: int) -> Scene:
    return scene_of(str(job["prompt"]), int(job["seed"]) + position * 1_000_003)


def _png_text() -> Any:
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("Software", SOFTWARE)
    text.add_text("Comment", CREDIT)
    return text


def _exif() -> Any:
    from PIL import ExifTags, Image

    exif = Image.Exif()
    exif[ExifTags.Base.Software] = SOFTWARE
    exif[ExifTags.Base.ImageDescription] = CREDIT
    return exif
