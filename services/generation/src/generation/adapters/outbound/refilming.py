"""A film put together anew from its packets: nothing that its file held beside them is in the new one.

Runs in the process that looks at strangers' files (inspection_process.py).
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from generation.adapters.outbound.media_inspection import (
    HEAD_BYTES,
    MediaFacts,
    inspect,
    opened_film,
)
from generation.domain.model import Modality
from generation.ports.media_intake import OutputUnusable

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

TAKEN = "MP4 and WebM films of at most ten minutes are taken"
SECONDS_MAX = 600.0
# 4K, upright or not, and a little more.
FRAME_PIXELS_MAX = 9_500_000
# A sample table may name the same bytes over and over: a small file would fill the disk.
COPIED_TIMES_MAX = 2
# What browsers play, by the names that FFmpeg has for what they decode.
PICTURES = frozenset({"h264", "hevc", "vp8", "vp9", "av1"})
SOUNDS = frozenset({"aac", "mp3", "opus", "vorbis"})
_MATROSKA = b"\x1a\x45\xdf\xa3"
# Brands of ISO files that are still pictures; those are for redrawing.py to name.
_STILL_BRANDS = (b"hei", b"mif", b"avi", b"msf")


def begins_as_film(path: Path) -> bool:
    """Return whether a file is to be looked at as a film."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return head.startswith(_MATROSKA) or (head[4:8] == b"ftyp" and not head[8:12].startswith(_STILL_BRANDS))


def refilmed(path: Path, *, target: Path, thumbnail: Path) -> MediaFacts:
    """Put the film together anew in `target`, its first picture and its first sound, and draw its thumbnail.

    Places, names and dates that a camera wrote stay behind, as do further streams, subtitles, attachments
    and bytes that were hidden. Raises OutputUnusable, and nothing else.
    """
    try:
        facts = inspect(path, modality=Modality.VIDEO, thumbnail=thumbnail)
        if facts.width * facts.height > FRAME_PIXELS_MAX:
            raise OutputUnusable(f"a frame has more than {FRAME_PIXELS_MAX} pixels")
        return replace(facts, duration_s=_copied(path, target, facts.extension))
    except OutputUnusable as unusable:
        raise OutputUnusable(f"{unusable}: {TAKEN}") from unusable
    except Exception as error:
        detail = f"the film can't be read: {type(error).__name__}"
        raise OutputUnusable(f"{detail}: {TAKEN}") from error


def _copied(path: Path, target: Path, extension: str) -> float:
    """Copy the packets, and return how long they last: what a header says of it is often wrong."""
    import av

    with (
        opened_film(path, f".{extension}") as (source, _),
        av.open(str(target), "w", format=extension) as made,
    ):
        chosen = _chosen(source)
        copies = {stream.index: made.add_stream_from_template(stream) for stream in chosen}
        begin_s, end_s, left_bytes = float("inf"), 0.0, COPIED_TIMES_MAX * path.stat().st_size
        for packet in source.demux(chosen):
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            at_s = float(packet.pts * packet.time_base)
            begin_s = min(begin_s, at_s)
            end_s = max(end_s, at_s + float((packet.duration or 0) * packet.time_base))
            if end_s - begin_s > SECONDS_MAX:
                raise OutputUnusable(f"the film is longer than {SECONDS_MAX:.0f} seconds")
            left_bytes -= packet.size
            if left_bytes < 0:
                raise OutputUnusable("the film has more in it than its file can hold")
            packet.stream = copies[packet.stream.index]
            made.mux(packet)
    if end_s <= begin_s:
        raise OutputUnusable("the film has no length")
    return round(end_s - begin_s, 3)


def _chosen(source: "InputContainer") -> "list[Stream]":
    """Return the first picture, and the first sound where there is one. Raises OutputUnusable."""
    chosen: list[Stream] = [source.streams.video[0], *source.streams.audio[:1]]
    for stream, known in zip(chosen, (PICTURES, SOUNDS), strict=False):
        name = stream.codec_context.codec.canonical_name
        if name not in known:
            raise OutputUnusable(f"it is encoded as {name}, which is not accepted")
    return chosen
