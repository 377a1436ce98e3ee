"""Pictures made of pictures, by what Pillow can do: for real, and without weights."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from generation.adapters.outbound.providers.local.encoding import Progress, saved
from generation.adapters.outbound.providers.local.painting import PALETTES, palette_name
from generation.domain.identifiers import MediaId

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

EDIT_SIDE_MAX = 1536
# A little less than the intake admits.
UPSCALED_PIXELS_MAX = 48_000_000
CREDIT = "Edited by a program from the words of a prompt; no model was involved."


def edit_image(
    job: Mapping[str, Any], files: Mapping[MediaId, bytes], position: int, progress: Progress
) -> bytes:
    """Bring one to three pictures side by side, then change them as the words of the prompt say."""
    pictures = [opened(files[media_id], side_max=EDIT_SIDE_MAX) for media_id in job["images"]]
    progress(0.3)
    picture = _side_by_side(pictures)
    for change in changes_of(str(job["prompt"]), int(job["seed"]) + position):
        picture = change(picture)
    progress(0.7)
    file = saved(picture, str(job["output_format"]), comment=CREDIT)
    progress(1.0)
    return file


def changes_of(prompt: str, seed: int) -> "Sequence[Callable[[Picture], Picture]]":
    """Return what the words say is to be done, in order: a change of the colours where they say nothing."""
    words = prompt.lower()
    return [change for word, change in CHANGES.items() if word in words] or [_tinted_as(words, seed)]


def upscale_image(
    job: Mapping[str, Any], files: Mapping[MediaId, bytes], position: int, progress: Progress
) -> bytes:
    """Enlarge a picture two or four times, and sharpen it. Raises ValueError when it would be too large."""
    from PIL import Image, ImageFilter

    picture = opened(files[job["image"]])
    factor = int(job["factor"])
    width, height = picture.width * factor, picture.height * factor
    if width * height > UPSCALED_PIXELS_MAX:
        raise ValueError(f"{width} x {height} is more than {UPSCALED_PIXELS_MAX} pixels")
    progress(0.2)
    enlarged = picture.resize((width, height), Image.Resampling.LANCZOS)
    progress(0.5)
    file = saved(
        enlarged.filter(ImageFilter.UnsharpMask(radius=factor, percent=60, threshold=2)),
        str(job["output_format"]),
        comment=CREDIT,
    )
    progress(1.0)
    return file


def opened(content: bytes, *, side_max: int | None = None) -> "Picture":
    """Return a picture in RGB, what can be seen through on white, and not larger than that on a side."""
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        picture: Picture = image.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    plain = Image.alpha_composite(ground, picture).convert("RGB")
    if side_max is not None:
        plain.thumbnail((side_max, side_max))
    return plain


def _side_by_side(pictures: "Sequence[Picture]") -> "Picture":
    """Return one picture as it is, several as panels of one height."""
    from PIL import Image

    if len(pictures) == 1:
        return pictures[0]
    height = min(picture.height for picture in pictures)
    panels = [
        picture.resize((max(1, round(picture.width * height / picture.height)), height))
        for picture in pictures
    ]
    whole = Image.new("RGB", (sum(panel.width for panel in panels), height))
    left = 0
    for panel in panels:
        whole.paste(panel, (left, 0))
        left += panel.width
    whole.thumbnail((EDIT_SIDE_MAX, EDIT_SIDE_MAX))
    return whole


def _grey(picture: "Picture") -> "Picture":
    from PIL import ImageOps

    return ImageOps.autocontrast(picture.convert("L")).convert("RGB")


def _toned(picture: "Picture", dark: str, middle: str, light: str) -> "Picture":
    from PIL import ImageOps

    return ImageOps.colorize(picture.convert("L"), black=dark, mid=middle, white=light)


def _tintype(picture: "Picture") -> "Picture":
    return _toned(picture, "#0d0a08", "#6a5a4c", "#efe3d0")


def _inverted(picture: "Picture") -> "Picture":
    from PIL import ImageOps

    return ImageOps.invert(picture)


def _mirrored(picture: "Picture") -> "Picture":
    from PIL import ImageOps

    return ImageOps.mirror(picture)


def _upside_down(picture: "Picture") -> "Picture":
    from PIL import ImageOps

    return ImageOps.flip(picture)


def _blurred(picture: "Picture") -> "Picture":
    from PIL import ImageFilter

    return picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 100))


def _drawn(picture: "Picture") -> "Picture":
    from PIL import ImageFilter, ImageOps

    lines = picture.convert("L").filter(ImageFilter.SMOOTH).filter(ImageFilter.FIND_EDGES)
    return ImageOps.invert(ImageOps.autocontrast(lines)).convert("RGB")


def _brightened(picture: "Picture") -> "Picture":
    from PIL import ImageEnhance

    return ImageEnhance.Brightness(picture).enhance(1.35)


def _darkened(picture: "Picture") -> "Picture":
    from PIL import ImageEnhance

    return ImageEnhance.Brightness(picture).enhance(0.6)


def _tinted_as(prompt: str, seed: int) -> "Callable[[Picture], Picture]":
    """Return a change to the colours that the words, or the seed, choose."""
    from PIL import Image

    colours = PALETTES[palette_name(prompt) or sorted(PALETTES)[seed % len(PALETTES)]]

    def tinted(picture: "Picture") -> "Picture":
        toned = _toned(picture, *(f"#{colours[place]}" for place in (0, 2, 4)))
        return Image.blend(picture, toned, 0.55)

    return tinted


# A word of the prompt, and what it does; those that are there are done in this order.
CHANGES: "Mapping[str, Callable[[Picture], Picture]]" = {
    "mirror": _mirrored,
    "upside": _upside_down,
    "blur": _blurred,
    "sketch": _drawn,
    "line": _drawn,
    "bright": _brightened,
    "dark": _darkened,
    "black and white": _grey,
    "grey": _grey,
    "gray": _grey,
    "sepia": lambda picture: _toned(picture, "#1b120a", "#8a6642", "#fbeed7"),
    "tintype": _tintype,
    "old": _tintype,
    "negative": _inverted,
    "invert": _inverted,
}
