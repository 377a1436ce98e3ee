"""Runs a service as it is, but for the time of day, which a test moves.

`moved_service.py billing serve`: how many seconds its clock is ahead stands in a file.
"""

import os
import runpy
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chassis.clock import SystemClock

AHEAD = "TEST_CLOCK_AHEAD_FILE"


def moved(_: SystemClock) -> datetime:
    """Return the machine's time, moved."""
    return datetime.now(UTC) + timedelta(seconds=float(Path(os.environ[AHEAD]).read_text()))


if __name__ == "__main__":
    SystemClock.now = moved  # type: ignore[method-assign]
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
