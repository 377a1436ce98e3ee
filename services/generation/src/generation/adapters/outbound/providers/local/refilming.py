"""Films made of films: each frame changed as the words of a prompt say."""

import io
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from generation.adapters.outbound.providers.local.editing import changes_of
from generation.adapters.outbound.providers.local.encoding import VIDEO_SIDE, Progress
from generation.adapters.outbound.providers.local.filming import FRAMES_PER_SECOND, filmed
from generation.adapters.outbound.refilming import FRAME_PIXELS_MAX
from generation.domain.identifiers import MediaId

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as Picture

CREDIT = "Edited by a program from the words of a prompt; no model was involved."
SECONDS_MAX = 12


def edit_film(
    job: Mapping[str, Any], files: Mapping[MediaId, bytes], position: int, progress: Progress
) -> bytes:
    """Change a film of at most twelve seconds, without its sound. Raises ValueError for a longer one."""
    changes = changes_of(str(job["prompt"]), int(job["seed"]) + position)
    still = _frames(files[job["video"]], progress)
    first = next(still, None)
    if first is None:
        raise ValueError("the film has no frame")
    width, height = first.size

    def frames() -> "Iterator[NDArray[np.uint8]]":
        import numpy as np

        for picture in chain([first], still):
            changed = picture
            for change in changes:
                changed = change(changed)
            yield np.asarray(changed.convert("RGB").resize((width, height)), dtype=np.uint8)

    film = filmed(frames(), form=str(job["output_format"]), width=width, height=height, comment=CREDIT)
    progress(1.0)
    return film


def _frames(content: bytes, progress: Progress) -> "Iterator[Picture]":
    """Yield the film's frames, twenty-four a second whatever it has, as large as films here are."""
    import av

    with av.open(io.BytesIO(content), "r") as container:
        # What it says is checked while it is read, too: nobody waits for the end of what is refused.
        if (container.duration or 0) / 1_000_000 > SECONDS_MAX + 1:
            raise ValueError(f"the film is longer than {SECONDS_MAX} seconds")
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        # A frame may be larger than the header says.
        stream.codec_context.options = {"max_pixels": str(FRAME_PIXELS_MAX)}
        wanted = 0
        for frame in container.decode(stream):
            at_s = float(frame.time or 0.0)
            if at_s > SECONDS_MAX:
                raise ValueError(f"the film is longer than {SECONDS_MAX} seconds")
            # For each frame, any number of which may be of one moment: a job that is over ends here.
            progress(min(0.99, max(0.0, at_s / SECONDS_MAX)))
            shown = None
            while wanted / FRAMES_PER_SECOND <= at_s:
                shown = shown or _sized(frame.to_image())  # type: ignore[no-untyped-call]
                wanted += 1
                yield shown


def _sized(picture: "Picture") -> "Picture":
    longer = max(picture.size)
    across, down = (max(16, round(VIDEO_SIDE * side / longer / 16) * 16) for side in picture.size)
    return picture.resize((across, down))
