"""Films made of pictures: one that moves, or one that becomes another."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from generation.adapters.outbound.providers.local.editing import opened
from generation.adapters.outbound.providers.local.encoding import VIDEO_SIDE, Progress
from generation.adapters.outbound.providers.local.filming import FRAMES_PER_SECOND, filmed
from generation.domain.identifiers import MediaId

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as Picture

CREDIT = "Set in motion by a program; no camera and no model was involved."
ZOOM = 0.12
Size = tuple[int, int]


def between_images(
    job: Mapping[str, Any], files: Mapping[MediaId, bytes], position: int, progress: Progress
) -> bytes:
    """Begin as the first picture and end as the last one, which comes through it as both drift."""
    from PIL import Image

    first = opened(files[job["first_image"]], side_max=2 * VIDEO_SIDE)
    last = opened(files[job["last_image"]], side_max=2 * VIDEO_SIDE)
    size = _size(first)
    first, last = _covering(first, size), _covering(last, size)

    def picture(at: float) -> "Picture":
        eased = at * at * (3 - 2 * at)
        return Image.blend(_zoomed(first, size, ZOOM * at), _zoomed(last, size, ZOOM * (1 - at)), eased)

    return _film(job, size, picture, progress)


def animate_image(
    job: Mapping[str, Any], files: Mapping[MediaId, bytes], position: int, progress: Progress
) -> bytes:
    """Let the eye wander over a picture: in, and towards where the seed says."""
    still = opened(files[job["image"]], side_max=2 * VIDEO_SIDE)
    size = _size(still)
    still = _covering(still, size)
    seed = int(job["seed"]) + position
    across, down = ((0.0, 1.0, 0.5)[seed % 3], (1.0, 0.0, 0.5)[seed // 3 % 3])

    def picture(at: float) -> "Picture":
        return _zoomed(still, size, 2 * ZOOM * at, across=across, down=down)

    return _film(job, size, picture, progress)


def _film(job: Mapping[str, Any], size: Size, picture: Any, progress: Progress) -> bytes:
    count = int(job["duration_s"]) * FRAMES_PER_SECOND
    width, height = size

    def frames() -> "Iterator[NDArray[np.uint8]]":
        import numpy as np

        for number in range(count):
            progress(number / count)
            yield np.asarray(picture(number / (count - 1)), dtype=np.uint8)

    film = filmed(frames(), form=str(job["output_format"]), width=width, height=height, comment=CREDIT)
    progress(1.0)
    return film


def _size(picture: "Picture") -> Size:
    """Return the picture's shape, the longer side as films have it; both are multiples of 16."""
    longer = max(picture.size)
    across, down = (max(16, round(VIDEO_SIDE * side / longer / 16) * 16) for side in picture.size)
    return across, down


def _covering(picture: "Picture", size: Size) -> "Picture":
    from PIL import Image, ImageOps

    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)


def _zoomed(
    picture: "Picture", size: Size, by: float, *, across: float = 0.5, down: float = 0.5
) -> "Picture":
    """Return the part of the picture that is seen from nearer, towards a place in it, as large as it was."""
    from PIL import Image

    width, height = size
    shown = (width / (1 + by), height / (1 + by))
    left, top = (width - shown[0]) * across, (height - shown[1]) * down
    box = (left, top, left + shown[0], top + shown[1])
    return picture.resize(size, Image.Resampling.BILINEAR, box=box)
