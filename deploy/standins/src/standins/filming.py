"""Short silent films of a drawn picture that is panned over."""

from __future__ import annotations

import io

import av
import numpy as np

from standins.drawing import Picture, draw

FRAMES_PER_SECOND = 8
SECONDS_MAX = 20
EDGE_MAX = 320


def film(picture: Picture, *, seconds: float) -> bytes:
    """Return an MP4 (VP9) of this length; its picture is drawn no larger than 320 pixels."""
    shrink = min(1.0, EDGE_MAX / max(picture.width, picture.height))
    width, height = (max(16, round(edge * shrink / 16) * 16) for edge in (picture.width, picture.height))
    still = np.asarray(draw(Picture(picture.prompt, picture.index, width, height, caption=picture.caption)))
    frames = max(1, round(min(seconds, SECONDS_MAX) * FRAMES_PER_SECOND))
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        container.metadata["comment"] = picture.caption
        stream = container.add_stream(
            "libvpx-vp9", rate=FRAMES_PER_SECOND, options={"deadline": "realtime", "cpu-used": "8"}
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            moved = np.ascontiguousarray(np.roll(still, width * number // frames, axis=1))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()
