"""`pytest --memory-only`: what starts no server and waits for nothing, for the time between two keystrokes.

Left out are tests that ask for a server, by a fixture or by a parameter such as `postgres`, and those that
are marked `server` or `real_time`; a file that is marked as a whole is not even imported. Property tests try
fewer examples. A line at the end says how many were left out.
"""

import gc
import re
from pathlib import Path
from typing import Any

import pytest

OPTION = "--memory-only"
PROFILE, EXAMPLES_MAX = "memory-only", 10
COLLECT_AFTER = 200_000
# Fixtures that others are built on: whoever needs one of them starts a server.
FIXTURES = frozenset({"servers", "postgres_server", "nats_server", "s3_server"})
# Parameters by which a suite runs over an implementation that has a server behind it.
PARAMETERS = frozenset({"postgres", "s3", "stripe", "polar", "redis", "valkey"})
MARKS = ("server", "real_time", "browser", "stack", "docker")
_WHOLE_FILE = re.compile(rf"^pytestmark = \[?pytest\.mark\.({'|'.join(MARKS)})\b", re.MULTILINE)
_LEFT_OUT, _FILES_LEFT_OUT = pytest.StashKey[int](), pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(OPTION, action="store_true", help="leave out tests that start a server or wait")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks, and have property tests try less where that was asked for."""
    config.addinivalue_line("markers", "server: starts a server or a process of its own")
    config.addinivalue_line("markers", "real_time: waits until seconds have passed, or computes for as long")
    if config.getoption(OPTION):
        from hypothesis import settings

        settings.register_profile(PROFILE, max_examples=EXAMPLES_MAX)
        settings.load_profile(PROFILE)
        # What a test leaves is small and soon gone by itself: a tenth of the time would go into looking.
        gc.set_threshold(COLLECT_AFTER)
    config.stash[_LEFT_OUT] = config.stash[_FILES_LEFT_OUT] = 0


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a file that is marked as a whole: its imports alone would take a tenth of the time."""
    if not config.getoption(OPTION) or not collection_path.match("test_*.py"):
        return None
    if not _WHOLE_FILE.search(collection_path.read_text()):
        return None
    config.stash[_FILES_LEFT_OUT] += 1
    return True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a server."""
    if config.getoption(OPTION):
        left_out = [item for item in items if needs_server(item)]
        items[:] = [item for item in items if not needs_server(item)]
        config.hook.pytest_deselected(items=left_out)
        config.stash[_LEFT_OUT] = len(left_out)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep the collector from looking at what was collected over and over: a quarter of the time."""
    if session.config.getoption(OPTION):
        gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that prints: where tests run side by side, only they know the numbers."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash[_LEFT_OUT]
        output["files_left_out"] = session.config.stash[_FILES_LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear the numbers from one of them; each says the same."""
    output = getattr(node, "workeroutput", {})
    node.config.stash[_LEFT_OUT] = output.get("left_out", 0)
    node.config.stash[_FILES_LEFT_OUT] = output.get("files_left_out", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many tests were left out, so that nobody takes this for all of them."""
    if config.getoption(OPTION):
        files, left_out = config.stash[_FILES_LEFT_OUT], config.stash[_LEFT_OUT]
        terminalreporter.write_line(
            f"left out for starting a server or waiting: tests {left_out}, whole files {files}."
            " Every test: make test"
        )


def needs_server(item: pytest.Item) -> bool:
    """Whether a test starts a server or a process, or waits."""
    return (
        any(item.get_closest_marker(mark) for mark in MARKS)
        or not FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
        or not PARAMETERS.isdisjoint(_parameters(item))
    )


def examples(wanted: int) -> int:
    """Return how many examples a property test tries: as many as it wants, or few in a hurry."""
    from hypothesis import settings

    in_a_hurry = settings.get_current_profile_name() == PROFILE
    return min(wanted, EXAMPLES_MAX) if in_a_hurry else wanted


def _parameters(item: pytest.Item) -> set[str]:
    callspec = getattr(item, "callspec", None)
    return {value for value in callspec.params.values() if isinstance(value, str)} if callspec else set()
