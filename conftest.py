"""Tests everywhere get real servers from one place, and find what they share."""

import gc
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from chassis.testing.wire import Wire
    from sqlalchemy.ext.asyncio import AsyncEngine

# What is imported and collected stays: looking for what does not is a sixth of the time until the first test.
gc.disable()

# What tests share lies in a module beside them, under a name that no other folder has (tests/house holds it).
SHARED = ("services/*/tests", "libs/*/tests", "tests", "tests/[!_]*", "tests/contract/events")
FOLDERS = [folder for pattern in SHARED for folder in sorted(Path(__file__).parent.glob(pattern))]
sys.path[:0] = [str(folder) for folder in FOLDERS if folder.is_dir()]

# Its assertions are told as those of a test are.
pytest.register_assert_rewrite("chassis.testing")

pytest_plugins = ["embedded.pytest_plugin", "embedded.memory_only"]


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


# As Python's own, but another: in place of its own asyncio puts one for each call into a loop, and `signal`
# makes a text of that, with all that a fixture returned in it: a twentieth of the time.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _interrupted)

# As in production what each request says is not written. By default a recorded exception is drawn with every
# local variable, in colour: seconds for each.
structlog.configure(
    wrapper_class=structlog.make_filtering_bound_logger("info"),
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ],
)

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("tintype", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tintype")


@pytest.fixture
def wire(engine: "AsyncEngine", tmp_path: Path) -> Iterator["Wire"]:
    """Write down what is said to the database of a test's own engine."""
    # Not at the top: what is imported before is measured by nobody, and its assertions are not rewritten.
    from chassis.testing.wire import CAN_TRACE, listening

    if not CAN_TRACE:
        pytest.skip("libpq traces on Linux alone")
    with listening(engine, tmp_path / "wire") as wire:
        yield wire


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Let the collector work on what tests leave, and never again on what was there before them."""
    gc.freeze()
    gc.enable()
