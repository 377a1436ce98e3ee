"""Frames as a silent film in VP9, as MP4 or WebM."""

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SOFTWARE = "Tintype local provider"
FRAMES_PER_SECOND = 24


def filmed(
    frames: "Iterable[NDArray[np.uint8]]", *, form: str, width: int, height: int, comment: str
) -> bytes:
    """Return the film of these frames, each height x width x 3; both sides are even."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        container.metadata.update({"encoder": SOFTWARE, "comment": comment})
        stream = container.add_stream(
            "libvpx-vp9",
            rate=FRAMES_PER_SECOND,
            options={"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "crf": "32", "b": "0"},
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 2
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()
