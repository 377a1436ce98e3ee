"""Strangers' files: decoded within bounds, or refused in one way."""

import asyncio
import io
import sys
import tempfile
from pathlib import Path

import pytest
from embedded.memory_only import examples
from generation.adapters.outbound import inspection_process
from generation.adapters.outbound.inspection_process import inspect_apart
from generation.adapters.outbound.media_inspection import MediaFacts, inspect
from generation.domain.model import Modality
from generation.ports.media_intake import IntakeUnavailable, OutputUnusable
from generation_media import good_films, good_pictures, picture
from generation_stack import until
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from standins.odd_files import ODD_FILES

pytestmark = pytest.mark.server

VISUAL = (Modality.IMAGE, Modality.VIDEO)


def looked_at(content: bytes, modality: Modality) -> MediaFacts:
    """What the file is, thumbnail included."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output"
        path.write_bytes(content)
        return inspect(path, modality=modality, thumbnail=Path(folder) / "thumbnail")


@pytest.mark.parametrize("name", good_pictures())
def test_good_pictures_are_read(name: str) -> None:
    """Each has its type, its size and a small picture beside it; an MPO is the JPEG that it begins with."""
    facts = looked_at(good_pictures()[name], Modality.IMAGE)
    kind = {"mpo": "jpeg"}.get(name, name.split("-")[0])
    assert facts.media_type == f"image/{kind}"
    assert (facts.width, facts.height) == ((640, 480) if name == "mpo" else (640, 400))
    assert facts.blurhash
    assert facts.thumbnail is not None
    assert (facts.thumbnail.width, facts.thumbnail.height) == ((480, 360) if name == "mpo" else (480, 300))


@pytest.mark.parametrize("name", good_films())
def test_good_films_are_read(name: str) -> None:
    """Each has its type, size and length, and its first frame as a small picture."""
    facts = looked_at(good_films()[name], Modality.VIDEO)
    assert (facts.media_type, facts.width, facts.height) == (f"video/{name}", 640, 360)
    assert facts.duration_s == pytest.approx(0.5, abs=0.1)
    assert facts.blurhash
    assert facts.thumbnail is not None
    assert (facts.thumbnail.width, facts.thumbnail.height) == (480, 270)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bomb", "more than 50000000 pixels"),
        ("gif", "is a GIF"),
        ("svg", "is an SVG"),
        ("html", "is an HTML page"),
        ("empty", "is empty"),
        ("noise", "can't be decoded"),
        ("truncated", "can't be decoded"),
    ],
)
def test_what_is_refused_says_why(name: str, words: str) -> None:
    """The word is one that an operator understands."""
    with pytest.raises(OutputUnusable, match=words):
        looked_at(ODD_FILES[name](), Modality.IMAGE)


def test_a_film_without_a_picture_is_refused() -> None:
    """A frame of nothing is no film, whatever the container says."""
    content = good_films()["mp4"]
    with pytest.raises(OutputUnusable):
        looked_at(content.replace(b"vide", b"soun"), Modality.VIDEO)


@given(
    modality=st.sampled_from(VISUAL),
    source=st.sampled_from([*good_pictures().values(), *good_films().values()]),
    edits=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=6
    ),
    end=st.floats(0, 1),
)
@settings(max_examples=examples(300), deadline=None)
def test_mutated_files_raise_one_thing_only(
    modality: Modality, source: bytes, edits: list[tuple[float, bytes]], end: float
) -> None:
    """A file that was changed and cut anywhere is read, or unusable; nothing else comes out."""
    content = bytearray(source)
    for place, change in edits:
        # Headers are where decoders believe what they read: half of the changes go there.
        start = int(place * 2 * 64) if place < 0.5 else int(place * len(content))
        content[start : start + len(change)] = change
    with_end = bytes(content[: int(len(content) * (0.2 + end))])
    try:
        facts = looked_at(with_end, modality)
    except OutputUnusable:
        return
    assert facts.width * facts.height > 0


@given(content=st.binary(max_size=4096), modality=st.sampled_from(list(Modality)))
@settings(max_examples=examples(200), deadline=None)
def test_arbitrary_bytes_raise_one_thing_only(content: bytes, modality: Modality) -> None:
    """Noise is text or unusable."""
    try:
        facts = looked_at(content, modality)
    except OutputUnusable:
        return
    assert modality is Modality.TEXT
    assert facts.extension == "txt"


def test_a_picture_that_is_small_has_no_thumbnail() -> None:
    """It is its own."""
    assert looked_at(picture("PNG", size=(480, 200)), Modality.IMAGE).thumbnail is None


def test_a_thumbnail_that_cannot_be_made_costs_nothing(tmp_path: Path) -> None:
    """The picture is good all the same."""
    path = tmp_path / "output"
    path.write_bytes(picture("PNG"))
    facts = inspect(path, modality=Modality.IMAGE, thumbnail=tmp_path / "no-such-folder" / "thumbnail")
    assert (facts.width, facts.thumbnail) == (640, None)


def test_a_thumbnail_is_a_webp_with_its_transparency(tmp_path: Path) -> None:
    """What can be seen through stays so, and nothing of the original's metadata is in it."""
    path = tmp_path / "output"
    image = Image.new("RGBA", (900, 600), (0, 0, 0, 0))
    image.save(path, "PNG")
    inspect(path, modality=Modality.IMAGE, thumbnail=tmp_path / "small")
    with Image.open(tmp_path / "small") as small:
        assert (small.format, small.mode, small.size) == ("WEBP", "RGBA", (480, 320))


async def test_a_child_says_what_inspect_says(tmp_path: Path) -> None:
    """Good and bad files, through a process of their own."""
    path, small = tmp_path / "output", tmp_path / "thumbnail"
    path.write_bytes(good_pictures()["webp"])
    facts = await inspect_apart(path, modality=Modality.IMAGE, thumbnail=small)
    assert facts == inspect(path, modality=Modality.IMAGE, thumbnail=small)
    assert Image.open(io.BytesIO(small.read_bytes())).size == (480, 300)
    path.write_bytes(ODD_FILES["bomb"]())
    with pytest.raises(OutputUnusable, match="pixels"):
        await inspect_apart(path, modality=Modality.IMAGE, thumbnail=small)


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import os; os.abort()", OutputUnusable),
        ("bytearray(2 * 1024**3)", OutputUnusable),
        ("while True: pass", OutputUnusable),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", IntakeUnavailable),
    ],
)
async def test_a_child_that_dies_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, expected: type[Exception]
) -> None:
    """A crash, want of memory and no end are the file's fault; a kill from outside says nothing of it."""
    (tmp_path / "crashing.py").write_text(
        "import sys\n"
        f"sys.path[:0] = {[str(tmp_path), *sys.path]!r}\n"
        "from generation.adapters.outbound import apart\n"
        "apart.CPU_S_MAX = 1\n"
        f"apart.bound_resources()\n{program}\n"
    )
    interpreter = tmp_path / "python"
    interpreter.write_text(f"#!/bin/sh\nexec {sys.executable} {tmp_path / 'crashing.py'}\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(inspection_process.sys, "executable", str(interpreter))
    with pytest.raises(expected):
        await inspect_apart(tmp_path, modality=Modality.IMAGE, thumbnail=tmp_path)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks Linux for its children")
async def test_a_cancelled_look_leaves_no_child(tmp_path: Path) -> None:
    """A job that is taken away ends its decoder too."""
    path = tmp_path / "output"
    path.write_bytes(good_pictures()["png"])
    others = children()
    looking = asyncio.create_task(
        inspect_apart(path, modality=Modality.IMAGE, thumbnail=tmp_path / "thumbnail")
    )

    async def started() -> bool:
        return bool(children() - others)

    await until(started)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert not children() - others


def children() -> set[str]:
    """The processes that this one started and has not seen end."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {child for task in tasks for child in task.read_text().split()}
