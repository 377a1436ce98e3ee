"""Looks at a file in a process of its own, which may die or dawdle without harm to anybody else.

A decoder that crashes would take every job of a worker with it, one that never ends would hold a thread
for good, and one that unpacks too much would push the worker out of memory. `python -m` of this module
is the child: it has bounds on memory and time, no environment (keys live there), and one file to look at.
"""

import errno
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from generation.adapters.outbound.apart import bound_resources, run_apart
from generation.adapters.outbound.avatars import write_avatar
from generation.adapters.outbound.media_inspection import MediaFacts, inspect
from generation.adapters.outbound.redrawing import redrawn
from generation.adapters.outbound.refilming import begins_as_film, refilmed
from generation.adapters.outbound.thumbnails import ThumbnailFacts
from generation.domain.model import Modality
from generation.ports.media_intake import IntakeUnavailable, OutputUnusable

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
MODULE = "generation.adapters.outbound.inspection_process"


async def inspect_apart(path: Path, *, modality: Modality, thumbnail: Path) -> MediaFacts:
    """As `inspect`, in a child. Raises OutputUnusable, also when the child crashes or needs too much of
    anything; IntakeUnavailable when this machine can't run one."""
    return await _apart("inspect", str(path), modality, str(thumbnail))


async def redraw_apart(path: Path, *, target: Path, thumbnail: Path) -> MediaFacts:
    """As `redrawn` or, for what begins as a film, `refilmed`, in a child. Raises as `inspect_apart`."""
    return await _apart("redraw", str(path), str(target), str(thumbnail))


async def draw_avatar_apart(path: Path, *, target: Path) -> None:
    """As `write_avatar`, in a child. Raises as `inspect_apart`."""
    await _apart("avatar", str(path), str(target), "")


async def _apart(*task: str) -> MediaFacts:
    try:
        answer, returncode = await run_apart(MODULE, *task)
    except OSError as error:
        raise IntakeUnavailable(f"no process to look at a file with: {error}") from error
    except TimeoutError as error:
        # Not for want of processor time, which is bounded: the file had no chance here.
        raise IntakeUnavailable("the process that looks at a file does not get on") from error
    return _facts(answer, returncode)


def _facts(answer: bytes, returncode: int) -> MediaFacts:
    if returncode == -signal.SIGKILL:
        # Nobody here killed it: the machine is out of memory, of which a good file may be innocent.
        raise IntakeUnavailable("the process that looked at a file was killed")
    if returncode:
        raise OutputUnusable(f"the decoder gave up: exit code {returncode}")
    told = json.loads(answer)
    if "no_room" in told:
        raise IntakeUnavailable(told["no_room"])
    if "unusable" in told:
        raise OutputUnusable(told["unusable"])
    small = told.pop("thumbnail")
    return MediaFacts(**told, thumbnail=ThumbnailFacts(**small) if small else None)


def main(task: str, path: str, how: str, thumbnail: str) -> None:
    """Print what the file is as one JSON object."""
    bound_resources()
    try:
        if task == "redraw":
            anew = refilmed if begins_as_film(Path(path)) else redrawn
            facts = anew(Path(path), target=Path(how), thumbnail=Path(thumbnail))
        elif task == "avatar":
            facts = write_avatar(Path(path), target=Path(how))
        else:
            facts = inspect(Path(path), modality=Modality(how), thumbnail=Path(thumbnail))
        told = asdict(facts)
    except OutputUnusable as unusable:
        told = {"no_room" if _is_for_want_of_room(unusable) else "unusable": str(unusable)}
    sys.stdout.write(json.dumps(told))


def _is_for_want_of_room(refusal: BaseException) -> bool:
    """Whether what was made of a file did not fit on the disk, of which a good file is innocent."""
    cause: BaseException | None = refusal
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in FULL:
            return True
        cause = cause.__cause__
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
