"""Films that users send in: what is kept of them, and what is refused."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from generation.adapters.outbound import refilming
from generation.adapters.outbound.inspection_process import redraw_apart
from generation.adapters.outbound.media_inspection import MediaFacts
from generation.ports.media_intake import IntakeUnavailable, OutputUnusable
from generation_media import film, good_films, good_pictures

# Makes films, for seconds.
pytestmark = pytest.mark.real_time

SECRET = b"<script>alert(1)</script>"
SIZE = (320, 180)


def shot(
    form: str = "mp4",
    codec: str = "libvpx-vp9",
    *,
    size: tuple[int, int] = SIZE,
    every_s: int = 0,
    **said: str,
) -> bytes:
    """A film with a sound, which says where it was shot; `every_s`: two frames so far from each other."""
    target = io.BytesIO()
    with av.open(target, "w", format=form) as container:
        container.metadata.update(said)
        quick = {"deadline": "realtime", "cpu-used": "8"}
        pictures = container.add_stream(codec, rate=12, options=quick)
        pictures.width, pictures.height, pictures.pix_fmt = *size, "yuv420p"  # type: ignore[misc]
        heard = container.add_stream("libopus", rate=48_000)
        for number in range(2 if every_s or size != SIZE else 6):
            frame = av.VideoFrame.from_ndarray(
                np.full((size[1], size[0], 3), 9, dtype=np.uint8), format="rgb24"
            )
            frame.pts = number * 12 * every_s if every_s else number
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        samples = np.zeros((1, 24_000), dtype=np.int16)
        sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        sound.sample_rate = 48_000
        for packet in (*heard.encode(sound), *heard.encode(None)):
            container.mux(packet)
    return target.getvalue()


def taken(tmp_path: Path, content: bytes) -> tuple[MediaFacts, bytes]:
    """What is known and kept of a film."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content)
    assert refilming.begins_as_film(source)
    facts = refilming.refilmed(source, target=target, thumbnail=tmp_path / "thumbnail")
    return facts, target.read_bytes()


def read(content: bytes) -> tuple[list[str], dict[str, str], int]:
    """A film's streams, what it says of itself, and how many frames it has."""
    with av.open(io.BytesIO(content)) as container:
        kinds = [stream.type for stream in container.streams]
        said = {**container.metadata, **{k: v for s in container.streams for k, v in s.metadata.items()}}
        return kinds, said, sum(1 for _ in container.decode(video=0))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is Linux's")
@pytest.mark.parametrize("kind", [*good_films(), "png"])
async def test_a_full_disk_is_not_the_files_fault(tmp_path: Path, kind: str) -> None:
    """It is not refused, as it may be taken in later or elsewhere."""
    source = tmp_path / "source"
    source.write_bytes({**good_films(), **good_pictures()}[kind])
    with pytest.raises(IntakeUnavailable, match=r"(film|picture) can't be"):
        await redraw_apart(source, target=Path("/dev/full"), thumbnail=tmp_path / "small")


@pytest.mark.parametrize("kind", list(good_films()))
async def test_a_film_is_kept(tmp_path: Path, kind: str) -> None:
    """Frame by frame, in its own kind, with a thumbnail of its first; by the process apart, too."""
    facts, kept = taken(tmp_path, good_films()[kind])
    assert (facts.media_type, facts.width, facts.height) == (f"video/{kind}", 640, 360)
    assert facts.duration_s == pytest.approx(0.5, abs=0.05)
    assert facts.thumbnail is not None
    assert facts.blurhash
    assert read(kept)[2] == 6
    apart = await redraw_apart(tmp_path / "source", target=tmp_path / "apart", thumbnail=tmp_path / "small")
    assert apart == facts
    assert (tmp_path / "apart").stat().st_size == len(kept)


@pytest.mark.parametrize("form", ["mp4", "webm"])
def test_only_pictures_and_sound_are_kept(tmp_path: Path, form: str) -> None:
    """What a camera wrote of places and people is gone, and so is what was hidden behind the film."""
    said = {"location": "+52.5200+013.4050/", "comment": "at home", "title": "Ada", "artist": "Ada"}
    content = shot(form, **said) + SECRET
    assert b"at home" in content
    facts, kept = taken(tmp_path, content)
    for word in (b"at home", b"Ada", b"+52.52", SECRET):
        assert word not in kept
    kinds, known, frames = read(kept)
    assert (kinds, frames) == (["video", "audio"], 6)
    assert not {"location", "comment", "title", "artist"} & {name.lower() for name in known}
    assert facts.duration_s == pytest.approx(0.5, abs=0.05)


def test_a_second_picture_and_what_is_no_film_in_it_go(tmp_path: Path) -> None:
    """One picture and one sound are kept, the first of each."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        streams: list[Any] = [container.add_stream("libvpx-vp9", rate=12) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number, stream in enumerate(streams):
            level = np.full((SIZE[1], SIZE[0], 3), 200 * number, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(level, format="rgb24")))
            container.mux(stream.encode(None))
    kinds, _, _ = read(taken(tmp_path, target.getvalue())[1])
    assert kinds == ["video"]


def swollen() -> bytes:
    """A film whose table names its first, large frame for each of the others."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        pictures = container.add_stream(
            "libvpx-vp9", rate=12, options={"deadline": "realtime", "cpu-used": "8"}
        )
        pictures.width, pictures.height, pictures.pix_fmt = *SIZE, "yuv420p"  # type: ignore[misc]
        heard = container.add_stream("libopus", rate=48_000)
        levels = np.random.default_rng(1).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        for number in range(24):
            frame = av.VideoFrame.from_ndarray(
                levels if not number else np.zeros_like(levels), format="rgb24"
            )
            frame.pts = number
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 96_000), dtype=np.int16), format="s16", layout="mono")
        sound.sample_rate = 48_000
        for packet in (*heard.encode(sound), *heard.encode(None)):
            container.mux(packet)
    content = bytearray(target.getvalue())
    for table, head in ((b"stsz", 12), (b"stco", 8)):
        # Behind its name: version and flags, here and there a size for all, how many there are, and they.
        first = content.index(table) + 4 + head
        count = int.from_bytes(content[first - 4 : first], "big")
        assert count == 24
        content[first : first + 4 * count] = content[first : first + 4] * count
    return bytes(content)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a codec that browsers do not play": (lambda: film("mp4", "mpeg4"), "encoded as mpeg4"),
    "eleven minutes": (lambda: shot(every_s=660), "longer than 600 seconds"),
    "frames larger than 4K": (lambda: shot(size=(4_096, 2_400)), "a frame has more than"),
    "the same bytes over and over": (swollen, "more in it than its file can hold"),
    "a head alone": (lambda: film("mp4")[:40], ""),
    "half of it": (lambda: film("webm")[:300], ""),
    "another ISO file": (lambda: b"\0\0\0\x18ftypM4A " + b"\0" * 400, ""),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_no_good_film_is_refused(tmp_path: Path, why: str) -> None:
    """By name, with what is taken instead."""
    make, named = REFUSED[why]
    with pytest.raises(OutputUnusable) as refused:
        taken(tmp_path, make())
    assert named in str(refused.value)
    assert "MP4 and WebM films" in str(refused.value)


def test_pictures_in_a_films_clothes_are_no_films(tmp_path: Path) -> None:
    """HEIC and AVIF begin as an MP4 does, and are named as what they are, elsewhere."""
    path = tmp_path / "file"
    for head in (b"\0\0\0\x18ftypheic", b"\0\0\0\x18ftypavif", b"\x89PNG\r\n", b"", b"GIF89a"):
        path.write_bytes(head)
        assert not refilming.begins_as_film(path)
