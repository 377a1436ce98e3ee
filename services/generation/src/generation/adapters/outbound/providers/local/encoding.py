"""Pictures and films as files that say a program drew them."""

import io
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from generation.adapters.outbound.providers.local.filming import FRAMES_PER_SECOND, SOFTWARE, filmed
from generation.adapters.outbound.providers.local.painting import Scene, paint, scene_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as Picture

CREDIT = "Drawn by a program from the words of a prompt; no camera and no model was involved."
IMAGE_SIDE = 768
VIDEO_SIDE = 512

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
    file = saved(picture, str(job["output_format"]), comment=CREDIT)
    progress(1.0)
    return file


def saved(picture: "Picture", form: str, *, comment: str) -> bytes:
    """Return a picture as a PNG, a WebP or a JPEG that says what it was made by."""
    file = io.BytesIO()
    match form:
        case "webp":
            picture.save(file, "WEBP", quality=90, method=2, exif=_exif(comment))
        case "jpeg":
            picture.convert("RGB").save(file, "JPEG", quality=92, exif=_exif(comment))
        case _:
            picture.save(file, "PNG", compress_level=3, pnginfo=_png_text(comment), exif=_exif(comment))
    return file.getvalue()


def draw_video(job: Mapping[str, Any], position: int, progress: Progress) -> bytes:
    """One silent film in VP9, as MP4 or WebM; it ends where it began."""
    scene = _scene(job, position)
    width, height = dimensions(str(job["ratio"]), VIDEO_SIDE)
    count = int(job["duration_s"]) * FRAMES_PER_SECOND

    def frames() -> "Iterator[NDArray[np.uint8]]":
        for number in range(count):
            progress(number / count)
            yield paint(scene, width, height, phase=number / count)

    film = filmed(frames(), form=str(job["output_format"]), width=width, height=height, comment=CREDIT)
    progress(1.0)
    return film


def dimensions(ratio: str, side: int) -> tuple[int, int]:
    """Width and height with the ratio's shape: the longer one is `side`, both are multiples of 16."""
    across, down = (int(part) for part in ratio.split(":"))
    longer = max(across, down)
    return tuple(max(16, round(side * part / longer / 16) * 16) for part in (across, down))  # type: ignore[return-value]


def _scene(job: Mapping[str, Any], position: int) -> Scene:
    return scene_of(str(job["prompt"]), int(job["seed"]) + position * 1_000_003)


def _png_text(comment: str) -> Any:
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("Software", SOFTWARE)
    text.add_text("Comment", comment)
    return text


def _exif(comment: str) -> Any:
    from PIL import ExifTags, Image

    exif = Image.Exif()
    exif[ExifTags.Base.Software] = SOFTWARE
    exif[ExifTags.Base.ImageDescription] = comment
    return exif
