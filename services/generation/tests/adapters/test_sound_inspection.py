"""Strangers' sounds: decoded within bounds, or refused in one way."""

import tempfile
from pathlib import Path

import pytest
from embedded.memory_only import examples
from generation.adapters.outbound import sound_inspection
from generation.adapters.outbound.inspection_process import inspect_apart
from generation.adapters.outbound.media_inspection import MediaFacts, inspect
from generation.domain.model import Modality
from generation.ports.media_intake import OutputUnusable
from generation_media import film, good_pictures, good_sounds, sound
from hypothesis import given, settings
from hypothesis import strategies as st
from standins.odd_files import ODD_FILES

KINDS = {"mp3": ("audio/mpeg", "mp3"), "wav": ("audio/wav", "wav"), "opus": ("audio/ogg", "ogg")}


def listened_to(content: bytes, modality: Modality = Modality.AUDIO) -> MediaFacts:
    """What the file is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output"
        path.write_bytes(content)
        return inspect(path, modality=modality)


@pytest.mark.parametrize("name", good_sounds())
def test_good_sounds_are_read(name: str) -> None:
    """Each has its type and its length, and nothing to look at."""
    facts = listened_to(good_sounds()[name])
    assert (facts.media_type, facts.extension) == KINDS[name.split("-")[0]]
    assert facts.duration_s == pytest.approx(0.96, abs=0.15)
    assert (facts.width, facts.height, facts.thumbnail, facts.blurhash) == (0, 0, None, None)


def test_a_length_that_nobody_knew_is_counted() -> None:
    """Who streams a WAV writes the longest there is into its header."""
    streamed = bytearray(good_sounds()["wav"])
    streamed[4:8] = b"\xff\xff\xff\xff"
    place = streamed.index(b"data") + 4
    streamed[place : place + 4] = b"\xff\xff\xff\xff"
    assert listened_to(bytes(streamed)).duration_s == pytest.approx(0.96, abs=0.15)


@pytest.mark.parametrize("name", ["html", "svg", "gif", "empty", "noise", "mpo"])
def test_what_is_no_sound_is_refused(name: str) -> None:
    """By name where it is known."""
    with pytest.raises(OutputUnusable):
        listened_to(ODD_FILES[name]())


@pytest.mark.exhaustive
@pytest.mark.parametrize("content", [film("mp4"), film("webm"), *good_pictures().values()])
def test_what_is_seen_is_not_heard(content: bytes) -> None:
    """A film or a picture in place of a sound."""
    with pytest.raises(OutputUnusable):
        listened_to(content)


def test_a_sound_is_no_film() -> None:
    """Nor a picture."""
    for modality in (Modality.VIDEO, Modality.IMAGE):
        for content in good_sounds().values():
            with pytest.raises(OutputUnusable):
                listened_to(content, modality)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (sound("wav", "pcm_alaw"), "encoded as pcm_alaw"),
        (sound("wav", "pcm_s16le", rate=384_000), "beyond all hearing"),
    ],
)
def test_a_sound_that_browsers_do_not_play_is_refused(content: bytes, words: str) -> None:
    """For its encoding, whatever holds it, or for what no ear is made for."""
    with pytest.raises(OutputUnusable, match=words):
        listened_to(content)


def test_a_sound_with_a_picture_in_it_is_refused() -> None:
    """The picture would be kept, and nobody would see it."""
    target = Path(tempfile.mkdtemp()) / "tagged.mp3"
    cover = b"\x00image/png\x00\x03\x00" + good_pictures()["png"]
    frame = b"APIC" + len(cover).to_bytes(4, "big") + b"\x00\x00" + cover
    size = len(frame)
    packed = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    bare = good_sounds()["mp3-bare"]
    target.write_bytes(b"ID3\x03\x00\x00" + packed + frame + bare)
    with pytest.raises(OutputUnusable, match="besides one sound"):
        inspect(target, modality=Modality.AUDIO)


def test_a_sound_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is longer than anybody asked for is not decoded to its end."""
    monkeypatch.setattr(sound_inspection, "SECONDS_MAX", 0.5)
    with pytest.raises(OutputUnusable, match="is longer than"):
        listened_to(good_sounds()["mp3"])


@pytest.mark.server
async def test_it_is_listened_to_apart(tmp_path: Path) -> None:
    """By the process that has bounds on memory and time."""
    path = tmp_path / "output"
    path.write_bytes(good_sounds()["mp3"])
    facts = await inspect_apart(path, modality=Modality.AUDIO, thumbnail=tmp_path / "small")
    assert (facts.media_type, facts.thumbnail) == ("audio/mpeg", None)
    assert facts.duration_s > 0.5


@given(
    source=st.sampled_from(list(good_sounds().values())),
    edits=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=6
    ),
    end=st.floats(0, 1),
)
@settings(max_examples=examples(200), deadline=None)
def test_mutated_sounds_raise_one_thing_only(
    source: bytes, edits: list[tuple[float, bytes]], end: float
) -> None:
    """One that was changed and cut anywhere is read, or unusable; nothing else comes out."""
    content = bytearray(source)
    for place, change in edits:
        start = int(place * 2 * 64) if place < 0.5 else int(place * len(content))
        content[start : start + len(change)] = change
    try:
        facts = listened_to(bytes(content[: int(len(content) * (0.2 + end))]))
    except OutputUnusable:
        return
    assert 0 < facts.duration_s <= sound_inspection.SECONDS_MAX
