"""A person's picture: a small square of its middle, or a refusal by name, whatever was sent."""

import io
import zipfile
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from generation.adapters.outbound.avatars import EDGE_PIXELS, SIZE_BYTES_MAX
from generation.adapters.outbound.upload_intake import FileUploadIntake
from generation.application.draw_avatar import AVATAR_SIZE_MAX_BYTES
from generation.ports.upload_intake import UploadTooLong, UploadUnusable
from generation_media import film, good_pictures
from generation_uploads import pieces
from PIL import ExifTags, Image

pytestmark = pytest.mark.server
RED, GREEN, BLUE = (200, 20, 20), (20, 200, 20), (20, 20, 200)
SECRET = b"a secret of mine"
TAKEN = "PNG, JPEG and WebP pictures are taken"


async def drawn(content: bytes, folder: Path) -> tuple[Image.Image, bytes]:
    """The picture that is made of a file, decoded, and its bytes; nothing else is left."""
    intake = FileUploadIntake(1_000, folder)
    async with intake.whole(pieces(content), size_bytes_max=AVATAR_SIZE_MAX_BYTES) as file:
        made = await intake.avatar(file)
    assert left_in(folder) == []
    image = Image.open(io.BytesIO(made))
    image.load()
    assert (image.format, image.size) == ("WEBP", (EDGE_PIXELS, EDGE_PIXELS))
    assert len(made) <= SIZE_BYTES_MAX
    return image, made


def left_in(folder: Path) -> list[Path]:
    """What was not removed."""
    return list(folder.iterdir())


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """A picture as a file."""
    target = io.BytesIO()
    image.save(target, form, **options)  # type: ignore[arg-type]
    return target.getvalue()


def thirds(size: tuple[int, int] = (300, 100)) -> Image.Image:
    """Red on the left, green in the middle, blue on the right."""
    width, height = size
    image = Image.new("RGB", size, GREEN)
    image.paste(RED, (0, 0, width // 3, height))
    image.paste(BLUE, (width - width // 3, 0, width, height))
    return image


def close(found: object, wanted: tuple[int, ...], within: int = 16) -> bool:
    """Whether two colours look alike."""
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True)) < within  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", good_pictures())
async def test_every_good_kind_becomes_a_small_square(kind: str, tmp_path: Path) -> None:
    """And nothing beside the pixels."""
    image, _ = await drawn(good_pictures()[kind], tmp_path)
    assert image.info.keys().isdisjoint({"exif", "icc_profile", "xmp", "comment"})


async def test_the_middle_is_kept_upright(tmp_path: Path) -> None:
    """The crop is centred, after the picture was turned as EXIF says."""
    image, _ = await drawn(saved(thirds(), "PNG"), tmp_path)
    assert all(close(image.getpixel(at), GREEN) for at in ((8, 8), (128, 128), (248, 248)))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned = Image.new("RGB", (100, 160), BLUE)
    turned.paste(RED, (0, 0, 50, 160))
    image, _ = await drawn(saved(turned, "JPEG", exif=exif.tobytes(), quality=95), tmp_path)
    assert close(image.getpixel((128, 16)), RED)
    assert close(image.getpixel((128, 240)), BLUE)


async def test_nothing_that_was_hidden_is_kept(tmp_path: Path) -> None:
    """Metadata, and an archive and a script behind the picture: what runs elsewhere is gone."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = SECRET.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("evil.txt", SECRET)
    content = saved(thirds(), "JPEG", exif=exif.tobytes(), comment=SECRET)
    _, made = await drawn(content + archive.getvalue() + b"<script>" + SECRET, tmp_path)
    for hidden in (SECRET, b"<script", b"PK\x03\x04", b"EXIF", b"XMP "):
        assert hidden not in made


async def test_other_colours_are_the_same_picture(tmp_path: Path) -> None:
    """Printers' inks, sixteen bits, a palette, one bit, one pixel."""
    cmyk = Image.new("CMYK", (64, 64), (0, 255, 255, 0))
    image, _ = await drawn(saved(cmyk, "JPEG", quality=95), tmp_path)
    assert close(image.getpixel((128, 128)), (255, 0, 0), within=40)
    deep = Image.fromarray(np.full((64, 64), 0x8000, dtype=np.uint16))
    image, _ = await drawn(saved(deep, "PNG"), tmp_path)
    assert close(image.getpixel((128, 128)), (128, 128, 128))
    palette = thirds().convert("P", palette=Image.Palette.ADAPTIVE)
    image, _ = await drawn(saved(palette, "PNG"), tmp_path)
    assert close(image.getpixel((128, 128)), GREEN)
    for tiny in (Image.new("1", (1, 1), 1), Image.new("RGB", (1, 5_000), GREEN)):
        await drawn(saved(tiny, "PNG"), tmp_path)


async def test_what_is_seen_through_stays_so(tmp_path: Path) -> None:
    """A drawing without a background has none afterwards."""
    drawing = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    drawing.paste((*RED, 255), (16, 16, 48, 48))
    image, _ = await drawn(saved(drawing, "PNG"), tmp_path)
    assert image.mode == "RGBA"
    assert image.getpixel((4, 4))[3] == 0  # type: ignore[index]
    assert image.getpixel((128, 128))[3] == 255  # type: ignore[index]


async def test_noise_stays_below_the_bound(tmp_path: Path) -> None:
    """The worst that a picture can be, in its alpha too."""
    noise = np.random.default_rng(1).integers(0, 256, (EDGE_PIXELS, EDGE_PIXELS, 4), dtype=np.uint8)
    await drawn(saved(Image.fromarray(noise), "PNG"), tmp_path)


def one_bit_bomb(edge: int) -> bytes:
    """A PNG of many pixels in few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body).to_bytes(4, "big")
        return len(body).to_bytes(4, "big") + kind + body + crc

    head = edge.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes((edge // 8 + 1) * edge), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def moving(form: str) -> bytes:
    """Two pictures, one after the other."""
    return saved(thirds(), form, save_all=True, append_images=[Image.new("RGB", (300, 100), RED)])


PHOTO = saved(thirds((1_200, 900)), "JPEG", quality=95)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
REFUSED = {
    "empty": (b"", "the file is empty"),
    "svg": (SVG, f"the file is an SVG, which is not accepted: {TAKEN}"),
    "xml": (b"\xef\xbb\xbf <?xml version='1.0'?>" + SVG, "the file is an XML document"),
    "page": (b"<!DOCTYPE html><script>alert(1)</script>", "the file is an HTML page"),
    "pdf": (b"%PDF-1.7", "the file is a PDF"),
    "gif": (moving("GIF"), f"the file is a GIF, which is not accepted: {TAKEN}"),
    "gif with a picture behind": (b"GIF89a" + PHOTO, "the file is a GIF"),
    "moving png": (moving("PNG"), "the picture moves; send a still one"),
    "moving webp": (moving("WEBP"), "the picture moves; send a still one"),
    "film": (film("mp4", frames=2), "the file is a film"),
    "bomb": (one_bit_bomb(10_000), "the image has more than 50000000 pixels"),
    "truncated": (PHOTO[: len(PHOTO) // 2], "the picture can't be decoded"),
    "head alone": (PHOTO[:20], "the picture can't be decoded"),
    "noise": (bytes(range(256)) * 40, "the picture can't be decoded"),
    "bitmap": (saved(thirds(), "BMP"), "the picture can't be decoded"),
    "script that begins as a picture": (b"\x89PNG\r\n\x1a\n<script>", "the picture can't be decoded"),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_what_is_no_still_picture_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    """It is said what it is, and nothing is left of it."""
    content, said = REFUSED[kind]
    with pytest.raises(UploadUnusable) as refused:
        await drawn(content, tmp_path)
    assert str(refused.value).startswith(said)
    assert left_in(tmp_path) == []


async def test_what_is_too_large_is_not_looked_at(tmp_path: Path) -> None:
    """Not a byte more is read than may come, and nothing is left."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 65_536
            yield bytes(65_536)

    with pytest.raises(UploadTooLong, match="larger than 5242880 bytes"):
        async with FileUploadIntake(1_000, tmp_path).whole(endless(), size_bytes_max=AVATAR_SIZE_MAX_BYTES):
            pass
    assert read <= AVATAR_SIZE_MAX_BYTES + 65_536
    assert left_in(tmp_path) == []
