"""`pytest --memory-only`: what starts no server and waits for nothing, for the time between two keystrokes.

Left out are tests that ask for a server, by a fixture or by a parameter such as `postgres`, and those that
are marked `server` or `real_time`; a file that is marked as a whole is not even imported. Of a table that is
marked `exhaustive` a few rows are tried, spread over it, and property tests try fewer examples. A line at the
end says how many were left out.
"""

import gc
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

OPTION = "--memory-only"
PROFILE, EXAMPLES_MAX = "memory-only", 10
EXHAUSTIVE, ROWS_MAX = "exhaustive", 3
COLLECT_AFTER = 200_000
# Fixtures that others are built on: whoever needs one of them starts a server.
FIXTURES = frozenset({"servers", "postgres_server", "nats_server", "s3_server"})
# Parameters by which a suite runs over an implementation that has a server behind it.
PARAMETERS = frozenset({"postgres", "s3", "stripe", "polar", "redis", "valkey"})
MARKS = frozenset({"server", "real_time", "browser", "stack", "docker"})
_WHOLE_FILE = re.compile(rf"^pytestmark = \[?pytest\.mark\.({'|'.join(sorted(MARKS))})\b", re.MULTILINE)
_LEFT_OUT, _FILES_LEFT_OUT, _ROWS_LEFT_OUT = (
    pytest.StashKey[int](),
    pytest.StashKey[int](),
    pytest.StashKey[int](),
)
# By what they are called where processes tell each other.
_NUMBERS = {"left_out": _LEFT_OUT, "files_left_out": _FILES_LEFT_OUT, "rows_left_out": _ROWS_LEFT_OUT}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(OPTION, action="store_true", help="leave out tests that start a server or wait")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks, and have property tests try less where that was asked for."""
    config.addinivalue_line("markers", "server: starts a server or a process of its own")
    config.addinivalue_line("markers", "real_time: waits until seconds have passed, or computes for as long")
    config.addinivalue_line("markers", f"{EXHAUSTIVE}: of this table {OPTION} tries {ROWS_MAX} rows")
    if config.getoption(OPTION):
        from hypothesis import settings

        settings.register_profile(PROFILE, max_examples=EXAMPLES_MAX)
        settings.load_profile(PROFILE)
        # What a test leaves is small and soon gone by itself: a tenth of the time would go into looking.
        gc.set_threshold(COLLECT_AFTER)
    for number in _NUMBERS.values():
        config.stash[number] = 0


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a file that is marked as a whole: its imports alone would take a tenth of the time."""
    if not config.getoption(OPTION) or not collection_path.match("test_*.py"):
        return None
    if not _WHOLE_FILE.search(collection_path.read_text()):
        return None
    config.stash[_FILES_LEFT_OUT] += 1
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Shorten a table before its tests are made: to make them takes as long as to run them."""
    definition, config = metafunc.definition, metafunc.config
    if config.getoption(OPTION) and definition.get_closest_marker(EXHAUSTIVE):
        for place, mark in enumerate(definition.own_markers):
            if mark.name == "parametrize":
                shortened, gone = _shortened(mark)
                definition.own_markers[place] = shortened
                config.stash[_ROWS_LEFT_OUT] += gone


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a server."""
    if config.getoption(OPTION):
        kept: list[pytest.Item] = []
        left_out: list[pytest.Item] = []
        for item in items:
            (left_out if needs_server(item) else kept).append(item)
        items[:] = kept
        config.hook.pytest_deselected(items=left_out)
        config.stash[_LEFT_OUT] = len(left_out)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that prints: where tests run side by side, only they know the numbers."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output |= {name: session.config.stash[number] for name, number in _NUMBERS.items()}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear the numbers from one of them; each says the same."""
    output = getattr(node, "workeroutput", {})
    for name, number in _NUMBERS.items():
        node.config.stash[number] = output.get(name, 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many tests were left out, so that nobody takes this for all of them."""
    if config.getoption(OPTION):
        left_out, files, rows = (config.stash[number] for number in _NUMBERS.values())
        terminalreporter.write_line(
            f"left out for starting a server or waiting: tests {left_out}, whole files {files};"
            f" rows of long tables: {rows}. Every test: make test"
        )


def needs_server(item: pytest.Item) -> bool:
    """Whether a test starts a server or a process, or waits."""
    return (
        not MARKS.isdisjoint(mark.name for mark in item.iter_markers())
        or not FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
        or not PARAMETERS.isdisjoint(_parameters(item))
    )


def examples(wanted: int) -> int:
    """Return how many examples a property test tries: as many as it wants, or few in a hurry."""
    from hypothesis import settings

    in_a_hurry = settings.get_current_profile_name() == PROFILE
    return min(wanted, EXAMPLES_MAX) if in_a_hurry else wanted


def _shortened(mark: pytest.Mark) -> tuple[pytest.Mark, int]:
    """Return a table of as many rows as are tried, its first and its last among them, and how many went."""
    names, rows, *more = mark.args
    rows = list(rows)
    if len(rows) <= ROWS_MAX:
        return pytest.mark.parametrize(names, rows, *more, **mark.kwargs).mark, 0
    places = [place * (len(rows) - 1) // (ROWS_MAX - 1) for place in range(ROWS_MAX)]
    options = dict(mark.kwargs)
    if isinstance(options.get("ids"), Iterable):
        ids = list(options["ids"])
        options["ids"] = [ids[place] for place in places]
    kept = [rows[place] for place in places]
    return pytest.mark.parametrize(names, kept, *more, **options).mark, len(rows) - ROWS_MAX


def _parameters(item: pytest.Item) -> set[str]:
    callspec = getattr(item, "callspec", None)
    return {value for value in callspec.params.values() if isinstance(value, str)} if callspec else set()
