"""Pictures of thirty characters: what they show, and what has none."""

import io

import blurhash
import pytest
from generation.adapters.outbound.placeholders import blurhash_of
from PIL import Image

ORIENTATION, HALF_A_CIRCLE = 0x0112, 3


def halves(mode: str = "RGB", size: tuple[int, int] = (900, 600)) -> Image.Image:
    """Red at the left, blue at the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    return image.convert(mode)


def ends(hashed: str) -> tuple[list[int], list[int]]:
    """The colours at the left and at the right, halfway down."""
    row = blurhash.decode(hashed, 8, 3)[1]
    return row[0], row[-1]


@pytest.mark.parametrize(
    ("size", "waves"), [((900, 600), (4, 3)), ((600, 900), (3, 4)), ((50, 50), (4, 3)), ((3, 1), (4, 3))]
)
def test_a_hash_looks_like_its_picture(size: tuple[int, int], waves: tuple[int, int]) -> None:
    """Red is where red is, with more waves along the long side, however small the picture."""
    hashed = blurhash_of(halves(size=size))
    assert hashed is not None
    assert blurhash.components(hashed) == waves
    left, right = ends(hashed)
    assert left[0] - left[2] > 100
    assert right[2] - right[0] > 100


@pytest.mark.exhaustive
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "CMYK", "1", "I", "F"])
def test_every_kind_of_picture_has_one(mode: str) -> None:
    """Opaque ones, whatever they are made of."""
    assert blurhash_of(halves(mode)) is not None


def test_a_hash_stands_upright() -> None:
    """As the picture is shown, not as it was stored."""
    file, turned = io.BytesIO(), Image.Exif()
    turned[ORIENTATION] = HALF_A_CIRCLE
    halves().save(file, "JPEG", exif=turned)
    hashed = blurhash_of(Image.open(file))
    assert hashed is not None
    left, right = ends(hashed)
    assert left[2] - left[0] > 100
    assert right[0] - right[2] > 100


def test_what_can_be_seen_through_has_none() -> None:
    """Under it the hash would stay in sight."""
    image = halves("RGBA")
    image.putpixel((1, 1), (0, 0, 0, 0))
    image.paste((0, 0, 0, 0), (0, 0, 200, 200))
    assert blurhash_of(image) is None


def test_a_picture_that_cannot_be_hashed_has_none() -> None:
    """That is no reason to refuse it."""
    image = halves()
    image.close()
    assert blurhash_of(image) is None
