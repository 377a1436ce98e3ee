"""What a file of sound really is: its kind from its bytes, its length from decoding all of it.

What a header says of its length is often wrong: who streams a file does not know it.
"""

from dataclasses import dataclass
from pathlib import Path

from generation.ports.media_intake import OutputUnusable

HEAD_BYTES = 12
SECONDS_MAX = 3_600.0
# Nothing that people hear has a higher one.
RATE_MAX = 192_000
CHANNELS_MAX = 8


@dataclass(frozen=True)
class Sound:
    """A kind that browsers play, and by what names FFmpeg knows it."""

    media_type: str
    extension: str
    container: str
    codecs: frozenset[str]


MP3 = Sound("audio/mpeg", "mp3", "mp3", frozenset({"mp3", "mp3float"}))
WAV = Sound("audio/wav", "wav", "wav", frozenset({"pcm_s16le", "pcm_s24le", "pcm_u8", "pcm_f32le"}))
OGG = Sound("audio/ogg", "ogg", "ogg", frozenset({"opus", "libopus", "vorbis", "libvorbis"}))


def kind_of(path: Path) -> Sound:
    """Return the kind that a file begins as. Raises OutputUnusable for any other."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(b"OggS"):
        return OGG
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return WAV
    if head.startswith(b"ID3") or _is_frame(head):
        return MP3
    raise OutputUnusable("the bytes look like no sound that is accepted")


def seconds_of(path: Path, sound: Sound) -> float:
    """Decode all of it, and return how long it is. Raises OutputUnusable, and whatever PyAV raises."""
    import av

    with av.open(str(path), format=sound.container) as container:
        # A picture in it would be kept and shown to nobody.
        if len(container.streams) != 1 or not container.streams.audio:
            raise OutputUnusable("the file has something besides one sound")
        stream = container.streams.audio[0]
        codec = stream.codec_context
        codec.thread_count = 1
        if codec.name not in sound.codecs:
            raise OutputUnusable(f"the sound is encoded as {codec.name}, which is not accepted")
        if not 0 < codec.sample_rate <= RATE_MAX or not 0 < codec.channels <= CHANNELS_MAX:
            raise OutputUnusable("the sound has a rate or channels beyond all hearing")
        seconds = 0.0
        for frame in container.decode(stream):
            seconds += frame.samples / frame.sample_rate
            if seconds > SECONDS_MAX:
                raise OutputUnusable(f"the sound is longer than {SECONDS_MAX:.0f} seconds")
    if not seconds:
        raise OutputUnusable("the file has no sound")
    return round(seconds, 3)


def _is_frame(head: bytes) -> bool:
    """Whether it begins with the header of an MPEG frame of layer III, of a rate that there is."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer == 1 and bitrate not in (0, 15) and rate != 3
