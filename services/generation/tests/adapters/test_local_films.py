"""Films that were made to hold the program up: a job that is over ends, and no frame is beyond measure."""

import io

import av
import numpy as np
import pytest
from generation.adapters.outbound.providers.local.encoding import Stopped
from generation.adapters.outbound.providers.local.refilming import edit_film
from generation.domain.identifiers import MediaId

# Makes films, for seconds.
pytestmark = pytest.mark.real_time

JOB = {"video": "upl_0", "prompt": "sepia", "seed": 0, "output_format": "mp4"}
FRAMES = 40


def filmed(*sizes: tuple[int, int], every_ms: int) -> bytes:
    """A film that says it is as large as the first of its frames, one of each size in turn."""
    target = io.BytesIO()
    with av.open(target, "w", format="matroska") as container:
        for number, (width, height) in enumerate(sizes):
            alone = io.BytesIO()
            with av.open(alone, "w", format="matroska") as one:
                stream = one.add_stream(
                    "libvpx-vp9", rate=12, options={"deadline": "realtime", "cpu-used": "8"}
                )
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"  # type: ignore[misc]
                level = np.full((height, width, 3), 9, dtype=np.uint8)
                one.mux(stream.encode(av.VideoFrame.from_ndarray(level, format="rgb24")))
                one.mux(stream.encode(None))
            alone.seek(0)
            with av.open(alone) as read:
                if not number:
                    made = container.add_stream_from_template(read.streams.video[0])
                for packet in read.demux(video=0):
                    if packet.dts is not None:
                        packet.pts = packet.dts = number * every_ms
                        packet.stream = made
                        container.mux(packet)
    return target.getvalue()


def test_a_job_that_is_over_ends_between_frames_of_one_moment() -> None:
    """Whoever stops it is heard at each frame, not at each moment: there may be millions in one."""
    asked: list[float] = []

    def progress(part: float) -> None:
        asked.append(part)
        if len(asked) == FRAMES:
            raise Stopped

    content = filmed(*[(64, 64)] * FRAMES, every_ms=1)
    with pytest.raises(Stopped):
        edit_film(JOB, {MediaId("upl_0"): content}, 0, progress)


def test_frames_that_are_larger_than_the_film_says_are_not_decoded() -> None:
    """A picture of any size would fit into a few bytes."""
    content = filmed((64, 64), (4_096, 2_400), every_ms=40)
    with pytest.raises(av.FFmpegError):
        edit_film(JOB, {MediaId("upl_0"): content}, 0, lambda _: None)
