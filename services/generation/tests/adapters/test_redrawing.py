"""What users send: drawn anew from its pixels, or refused by name."""

import asyncio
import io
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from generation.adapters.outbound import upload_intake
from generation.adapters.outbound.media_inspection import MediaFacts
from generation.adapters.outbound.upload_intake import FileUploadIntake
from generation.ports.upload_intake import ReceivedUpload, UploadTooLong, UploadUnusable
from generation_media import good_pictures, picture
from generation_uploads import pieces
from PIL import ExifTags, Image, ImageCms
from PIL.PngImagePlugin import PngInfo

pytestmark = pytest.mark.server
RED, BLUE = (200, 20, 20), (20, 20, 200)
SECRET = b"a secret of mine"


async def kept(content: bytes, folder: Path) -> tuple[ReceivedUpload, bytes]:
    """What is kept of a file."""
    async with FileUploadIntake(60_000_000, folder).receive(pieces(content)) as received:
        return received, received.media.path.read_bytes()


async def redrawn(content: bytes, folder: Path) -> Image.Image:
    """The picture that is kept, decoded."""
    _, after = await kept(content, folder)
    return Image.open(io.BytesIO(after))


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """A picture as a file."""
    target = io.BytesIO()
    image.save(target, form, **options)  # type: ignore[arg-type]
    return target.getvalue()


def left_in(folder: Path) -> list[Path]:
    """What was not removed."""
    return list(folder.iterdir())


def halves(size: tuple[int, int] = (64, 32)) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (0, 0, size[0] // 2, size[1]))
    return image


def close(found: object, wanted: tuple[int, int, int]) -> bool:
    """Whether two colours look alike."""
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True)) < 12  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", good_pictures())
async def test_every_good_kind_is_kept(kind: str, tmp_path: Path) -> None:
    """In RGB or RGBA, 8 bits, as large as it was; hashes of both files, and a small picture."""
    content = good_pictures()[kind]
    received, after = await kept(content, tmp_path)
    with Image.open(io.BytesIO(after)) as image, Image.open(io.BytesIO(content)) as before:
        assert image.mode == ("RGBA" if "alpha" in kind else "RGB")
        assert image.size == before.size == (received.media.width, received.media.height)
        assert image.info.keys().isdisjoint({"exif", "icc_profile", "xmp", "comment"})
    assert received.media.sha256 != received.source_sha256
    assert received.media.thumbnail is not None
    assert left_in(tmp_path) == []


async def test_a_picture_on_its_side_is_put_upright(tmp_path: Path) -> None:
    """As EXIF says that it is to be shown; all eight ways, and the new file says nothing of it."""
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        image = await redrawn(saved(halves(), "JPEG", exif=exif.tobytes(), quality=95), tmp_path)
        assert image.size == ((64, 32) if orientation < 5 else (32, 64))
        assert not image.getexif()
        reds = {1: (4, 4), 2: (60, 4), 3: (60, 4), 4: (4, 4), 5: (4, 4), 6: (4, 4), 7: (4, 60), 8: (4, 60)}
        assert close(image.getpixel(reds[orientation]), RED), orientation


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
async def test_nothing_but_pixels_is_kept(form: str, tmp_path: Path) -> None:
    """Where, when and by whom it was taken, texts, profiles, and what was hidden behind the picture."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = SECRET.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    more: dict[str, object] = {"exif": exif.tobytes(), "xmp": b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"}
    if form == "PNG":
        text = PngInfo()
        text.add_text("Comment", SECRET.decode())
        text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
        more = {"pnginfo": text, "exif": exif.tobytes()}
    if form == "JPEG":
        more["comment"] = SECRET
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("evil.txt", SECRET)
    content = saved(halves(), form, **more) + archive.getvalue() + b"<script>" + SECRET + b"</script>"
    assert content.count(SECRET) >= 3
    received, after = await kept(content, tmp_path)
    assert SECRET not in after
    assert b"<script" not in after
    assert not zipfile.is_zipfile(io.BytesIO(after))
    image = Image.open(io.BytesIO(after))
    assert not image.getexif()
    assert close(image.convert("RGB").getpixel((4, 4)), RED)
    assert received.media.media_type == f"image/{form.lower()}"


async def test_sixteen_bits_keep_their_shades(tmp_path: Path) -> None:
    """Of a deep grey picture the upper half counts; nothing is cut off at white."""
    ramp = np.tile(np.linspace(0, 65_535, 256, dtype=np.uint16), (32, 1))
    image = await redrawn(saved(Image.fromarray(ramp), "PNG"), tmp_path)
    assert image.mode == "RGB"
    shades = [image.getpixel((x, 4))[0] for x in (0, 64, 128, 192, 255)]  # type: ignore[index]
    assert shades == pytest.approx([0, 64, 128, 192, 255], abs=2)


async def test_sixteen_bits_a_channel_are_eight(tmp_path: Path) -> None:
    """A deep colour picture, as cameras and scanners write them."""
    row = b"\x00" + struct.pack(">HHH", 0xC814, 0x1414, 0x1414) * 8
    header = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(row * 8)), (b"IEND", b""))
    )
    image = await redrawn(content, tmp_path)
    assert close(image.getpixel((2, 2)), RED)


async def test_colours_for_printing_become_colours_for_screens(tmp_path: Path) -> None:
    """CMYK is RGB afterwards, and looks alike."""
    image = await redrawn(saved(halves().convert("CMYK"), "JPEG", quality=95), tmp_path)
    assert image.mode == "RGB"
    assert close(image.getpixel((4, 4)), RED)
    assert close(image.getpixel((60, 4)), BLUE)


async def test_a_colour_profile_is_applied_and_left_out(tmp_path: Path) -> None:
    """What is green in another space is not left as if its numbers were sRGB's; nonsense is passed over."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (lab, b"nonsense"):
        content = saved(halves(), "PNG", icc_profile=profile)
        image = await redrawn(content, tmp_path)
        assert "icc_profile" not in image.info
        assert close(image.getpixel((4, 4)), RED)


async def test_what_can_be_seen_through_stays_so(tmp_path: Path) -> None:
    """Whether a channel, a palette or one colour says it."""
    clear = Image.new("RGBA", (8, 8), (*RED, 0))
    for content in (
        saved(clear, "PNG"),
        saved(clear, "WEBP", lossless=True),
        saved(clear.convert("P"), "PNG", transparency=clear.convert("P").getpixel((0, 0))),
        saved(Image.new("RGB", (8, 8), RED), "PNG", transparency=RED),
    ):
        image = await redrawn(content, tmp_path)
        assert image.convert("RGBA").getpixel((2, 2))[3] == 0  # type: ignore[index]


def bomb(width: int, height: int) -> bytes:
    """A PNG of one bit a pixel that is small as a file."""
    return saved(Image.new("1", (width, height)), "PNG")


def animated(form: str) -> bytes:
    """A picture that moves."""
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    return saved(frames[0], form, save_all=True, append_images=frames[1:], duration=100)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "100 megapixels": (lambda: bomb(10_000, 10_000), "more than 50000000 pixels"),
    "a decompression bomb": (lambda: bomb(30_000, 30_000), "more than 50000000 pixels"),
    "a GIF": (lambda: saved(halves(), "GIF"), "is a GIF"),
    "a GIF that moves": (lambda: animated("GIF"), "is a GIF"),
    "a GIF with a script": (lambda: b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)//", "is a GIF"),
    "a PNG that moves": (lambda: animated("PNG"), "moves"),
    "a WebP that moves": (lambda: animated("WEBP"), "moves"),
    "an SVG with a script": (
        lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
        "an SVG",
    ),
    "an SVG behind its declaration": (lambda: b'<?xml version="1.0"?><svg/>', "an XML document"),
    "a page": (lambda: b"<!DOCTYPE html><script>1</script>", "an HTML page"),
    "a page with a picture in it": (lambda: b"<html>" + picture("PNG"), "an HTML page"),
    "a PDF with a picture behind it": (lambda: b"%PDF-1.7\n" + picture("JPEG"), "a PDF"),
    "a phone's own format": (lambda: b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC"),
    "AVIF": (lambda: b"\0\0\0\x18ftypavif" + b"\0" * 40, "AVIF"),
    "another film": (lambda: b"\0\0\0\x14ftypqt  " + b"\0" * 40, "MP4 and WebM films"),
    "a bitmap": (lambda: saved(halves(), "BMP"), "can't be decoded"),
    "a TIFF": (lambda: saved(halves(), "TIFF"), "can't be decoded"),
    "noise": (lambda: bytes(range(256)) * 8, "can't be decoded"),
    "half a PNG": (lambda: picture("PNG")[:9_000], "can't be decoded"),
    "a header alone": (lambda: b"\x89PNG\r\n\x1a\n", "can't be decoded"),
    "nothing": (lambda: b"", "empty"),
    "an archive": (lambda: b"PK\x03\x04" + b"\0" * 60, "can't be decoded"),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_what_is_no_picture_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    """Each says what it is, and nothing of it stays."""
    made, words = REFUSED[kind]
    with pytest.raises(UploadUnusable, match=words):
        await kept(made(), tmp_path)
    assert left_in(tmp_path) == []


async def test_the_largest_picture_is_kept(tmp_path: Path) -> None:
    """At the cap of pixels, on its side, with a profile: all copies fit into the bounds of the process."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    large = Image.new("RGB", (8_000, 6_250), RED)
    content = saved(large, "JPEG", exif=exif.tobytes(), icc_profile=profile)
    received, _ = await kept(content, tmp_path)
    assert (received.media.width, received.media.height) == (6_250, 8_000)


async def test_what_is_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    """The bound is met while it comes, and so when nothing is kept."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield bytes(1_000)

    intake = FileUploadIntake(10_000, tmp_path)
    with pytest.raises(UploadTooLong):
        async with intake.receive(endless()):
            raise AssertionError("it was taken")
    with pytest.raises(UploadTooLong):
        await intake.digest(endless())
    assert read == 22
    assert left_in(tmp_path) == []


async def test_one_is_drawn_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many come at once: each may take a gigabyte."""
    intake, drawing, most = FileUploadIntake(1_000_000, tmp_path), 0, 0
    apart = upload_intake.redraw_apart

    async def counted(*given: Path, **more: Path) -> MediaFacts:
        nonlocal drawing, most
        drawing += 1
        most = max(most, drawing)
        try:
            return await apart(*given, **more)
        finally:
            drawing -= 1

    async def one() -> str:
        async with intake.receive(pieces(picture("PNG", size=(32, 32)))) as received:
            return received.source_sha256

    monkeypatch.setattr(upload_intake, "redraw_apart", counted)
    assert len(await asyncio.gather(*(one() for _ in range(4)))) == 4
    assert most == 1
    assert left_in(tmp_path) == []
