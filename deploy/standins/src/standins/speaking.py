"""Sound in place of a voice: a tone for each word, the same for the same text."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

RATE = 24_000
WORD_S, PAUSE_S = 0.18, 0.06
WORDS_MAX = 600
# By kind: what FFmpeg calls the file and what is in it.
KINDS = {"mp3": ("mp3", "libmp3lame"), "wav": ("wav", "pcm_s16le"), "opus": ("ogg", "libopus")}


def spoken(text: str, voice: str, kind: str, *, speed: float = 1.0) -> bytes:
    """Return a file of the kind: `mp3`, `wav` or `opus`."""
    container, codec = KINDS[kind]
    samples = _hummed(text, voice, speed)
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        output.metadata["comment"] = "hummed by a stand-in"
        stream: Any = output.add_stream(codec, rate=RATE)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            output.mux(packet)
    return file.getvalue()


def _hummed(text: str, voice: str, speed: float) -> NDArray[np.int16]:
    words = text.split()[:WORDS_MAX] or [""]
    return np.concatenate([_word(word, voice, speed) for word in words])


def _word(word: str, voice: str, speed: float) -> NDArray[np.int16]:
    pitch = 110 + hashlib.sha256(f"{voice}:{word}".encode()).digest()[0]
    at = np.arange(int(RATE * WORD_S / speed)) / RATE
    swell = np.sin(np.pi * np.arange(len(at)) / len(at))
    tone: NDArray[np.int16] = (np.sin(2 * np.pi * pitch * at) * swell * 9_000).astype(np.int16)
    return np.concatenate([tone, np.zeros(int(RATE * PAUSE_S / speed), dtype=np.int16)])
