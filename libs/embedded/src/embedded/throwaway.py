"""A folder for servers whose data nobody keeps: in memory, where there is room.

Thousands of tests have a database of their own, each copied from a template, a thousand files: on a disk
that is most of what such a test takes, fsync or not.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import getpid
from pathlib import Path

import psutil

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system of Linux; the folder in it is made by tempfile
ROOM_MIN_BYTES = 4 * 1024**3
_PREFIX = "tintype-throwaway-"
_NAME = re.compile(rf"{_PREFIX}(\d+)-")


@contextmanager
def throwaway_folder(*, in_memory: Path = IN_MEMORY, room_min_bytes: int = ROOM_MIN_BYTES) -> Iterator[Path]:
    """Give an empty folder that is gone afterwards.

    It lies below `in_memory` where that exists and has so much room, otherwise where temporary files lie.
    What runs that were killed have left in memory is removed first.
    """
    root = in_memory if _has_room(in_memory, room_min_bytes) else None
    if root is not None:
        _remove_left_over(root)
    with tempfile.TemporaryDirectory(
        prefix=f"{_PREFIX}{getpid()}-", dir=root, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def _has_room(folder: Path, room_min_bytes: int) -> bool:
    return folder.is_dir() and shutil.disk_usage(folder).free >= room_min_bytes


def _remove_left_over(root: Path) -> None:
    for folder in root.glob(f"{_PREFIX}*"):
        owner = _NAME.match(folder.name)
        if owner is not None and not psutil.pid_exists(int(owner[1])):
            shutil.rmtree(folder, ignore_errors=True)
